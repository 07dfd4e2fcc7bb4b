// Runs first in a frame that shows somebody else's markup: takes away what connects past the content policy, and frames in the frame, in
// which a script would find it again. Browsers leave a script further ways; that is why who works is told first (decision 26).
(() => {
  const GONE = ["RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "RTCIceTransport", "RTCIceGatherer", "WebTransport",
    "WebSocketStream", "TCPSocket", "UDPSocket"];
  for (const name of GONE) {
    try { delete self[name]; } catch { /* it stays, and is covered */ }
    try { Object.defineProperty(self, name, { value: undefined, writable: false, configurable: false }); } catch { /* taken away already */ }
  }

  // Before a frame's own page begins: what was put into a document is looked at when the script that did it ends.
  const FRAMES = "iframe, frame, object, embed, fencedframe, portal, link:not([rel=stylesheet])";
  const { apply } = Reflect;
  const { querySelectorAll: within, matches, remove, attachShadow } = Element.prototype;
  const { forEach } = NodeList.prototype;
  const observe = MutationObserver.prototype.observe;
  const look = (node) => {
    if (!(node instanceof Element)) return;
    apply(forEach, apply(within, node, [FRAMES]), [(one) => apply(remove, one, [])]);
    if (apply(matches, node, [FRAMES])) apply(remove, node, []);
  };
  const observer = new MutationObserver((records) => {
    for (const record of records) apply(forEach, record.addedNodes, [look]);
  });
  const watch = (root) => apply(observe, observer, [root, { childList: true, subtree: true }]);
  watch(document);
  Element.prototype.attachShadow = function (options) {
    const root = apply(attachShadow, this, [options]);
    watch(root);
    return root;
  };
})();
