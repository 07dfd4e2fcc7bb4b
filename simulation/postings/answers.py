"""Postings about the answers of machines: which is better, in what order, how good, and what happens in a conversation."""

from simulation.postings.posting import Entry, Item, Posting, Regions, region

# ---- pairwise ----

PAIRS = [
    (
        "How do I get candle wax out of a tablecloth?",
        "Let it harden, scrape off what you can, then put kitchen paper over the rest and go over it with a warm iron. Change the paper until "
        "nothing comes out any more.",
        "Wax is made of long molecules. Many people have tablecloths. You could try something warm.",
        "left",
    ),
    (
        "Is it safe to eat a potato that has sprouted?",
        "Yes, always. Sprouts are the healthiest part and can be eaten raw.",
        "If it is firm, cut the sprouts and any green parts out generously and cook it. Throw it away when it is soft, shrivelled or green all over.",
        "right",
    ),
    (
        "Write a friendly reminder to return a library book.",
        "Dear Ms Falk, the book ‘Winds of the North’ was due last Friday. Could you bring it back this week? Thank you!",
        "RETURN THE BOOK. You are late and this will have consequences.",
        "left",
    ),
    (
        "What is 15 per cent of 240?",
        "It is 36: ten per cent is 24, five per cent is half of that, 12, and together they make 36.",
        "It is 38.",
        "left",
    ),
    (
        "How long should I boil a soft egg?",
        "It depends on many things.",
        "Six minutes from boiling water, for an egg of medium size taken from the fridge; five for a very soft one.",
        "right",
    ),
]


def _pair(side: str) -> Regions:
    return [region("better", "better", "pairwise", {"selected": side})]


PAIRS_POSTING = Posting(
    slug="pairs",
    project="Assistant answers",
    name="Which answer is better?",
    description="Compare two answers of an assistant to the same question.",
    interface=(
        '<View><Text name="question" value="$question"/><Header value="Which answer would you rather have got?"/>'
        '<Pairwise name="better" toName="a,b"/>'
        '<View style="display:grid;grid-template-columns:1fr 1fr;column-gap:1rem">'
        '<Text name="a" value="$a"/><Text name="b" value="$b"/></View></View>'
    ),
    entries=[],
    items=[
        Item(
            f"pair-{n}",
            {"question": question, "a": left, "b": right},
            _pair(side),
            _pair("left" if side == "right" else "right"),
            gold=n == 4,
            explanation="15 per cent of 240 is 36.",
        )
        for n, (question, left, right, side) in enumerate(PAIRS, start=1)
    ],
    seconds=40,
    cents=17,
    gold_percent=10,
)

# ---- ranking ----

SEARCHES = [
    (
        "bicycle repair open on sunday westhaven",
        [
            ("Repair Corner Westhaven", "Bicycle workshop at the harbour. Open every day, Sundays from 10 to 16."),
            ("Bicycles in Westhaven", "Shops and workshops of the town with their opening hours."),
            ("History of the bicycle", "From the running machine to the electric motor."),
            ("Sunday concerts", "Music in the park, every Sunday in summer."),
        ],
    ),
    (
        "gluten free pancakes without banana",
        [
            ("Gluten-free pancakes with rice flour", "Four ingredients, no banana, ready in fifteen minutes."),
            ("Gluten-free banana pancakes", "Two bananas, two eggs, nothing else."),
            ("Classic pancakes", "Wheat flour, milk and eggs."),
            ("What is gluten?", "A protein in wheat, rye and barley."),
        ],
    ),
    (
        "ferry little isle timetable",
        [
            ("Timetable: Cape Rowan – Little Isle", "Departures from 1 April to 31 October."),
            ("Ferries of the coast", "All companies and harbours, with links to timetables."),
            ("Little Isle: where to stay", "Guest houses and the camping site."),
            ("Model ferries", "Build your own in a scale of 1 to 200."),
        ],
    ),
]


def _ranks(order: list[str]) -> Regions:
    return [region("rank", "results", "ranker", {"ranker": {"rank": order}})]


def _search(n: int, query: str, found: list[tuple[str, str]]) -> Item:
    """The pages are listed best first above; a task shows them in another order, in which they are lettered."""
    order = ((2, 0, 3, 1), (1, 3, 0, 2), (3, 2, 1, 0))[n - 1]
    pages = [{"id": "ABCD"[k], "title": found[place][0], "body": found[place][1]} for k, place in enumerate(order)]
    ids = ["ABCD"[order.index(place)] for place in range(len(found))]
    mistake = [ids[1], ids[0], *ids[2:]]
    return Item(f"search-{n}", {"query": query, "pages": pages}, _ranks(ids), _ranks(mistake))


SEARCHES_POSTING = Posting(
    slug="searches",
    project="Search quality",
    name="Put search results in order",
    description="Order four search results by how well they serve someone who typed the query.",
    interface=(
        '<View><Text name="query" value="$query"/><List name="results" value="$pages" title="Best first"/>'
        '<Ranker name="rank" toName="results"/></View>'
    ),
    entries=[],
    items=[_search(n, query, found) for n, (query, found) in enumerate(SEARCHES, start=1)],
    seconds=45,
    cents=20,
)

# ---- rating ----

REPLIES = [
    (
        "Thank you for telling us. I have sent you a new cup; it should be there on Thursday. Please keep the broken one, or throw it away.",
        5,
    ),
    ("Your request was received. It will be processed.", 3),
    ("As I already wrote, read the conditions. We are not responsible.", 1),
    ("Sorry about that! Could you send me the number on the parcel? Then I can look for it right away.", 5),
    ("We do not do that. Try elsewhere.", 2),
    ("I understand that this is annoying. I cannot change the date, but I can refund the delivery.", 4),
]
REPLIES_POSTING = Posting(
    slug="replies",
    project="Service replies",
    name="How helpful is this reply?",
    description="Give one to five stars to a reply of a shop's customer service.",
    interface=(
        '<View><Text name="text" value="$text"/><Header value="How helpful is it?"/>'
        '<Rating name="stars" toName="text" maxRating="5" required="true"/></View>'
    ),
    entries=[],
    items=[
        Item(
            f"reply-{n}",
            {"text": text},
            [region("stars", "text", "rating", {"rating": stars})],
            [region("stars", "text", "rating", {"rating": stars - 1 if stars > 1 else 2})],
            gold=n == 3,
            explanation="It refuses and is rude.",
        )
        for n, (text, stars) in enumerate(REPLIES, start=1)
    ],
    seconds=15,
    cents=7,
    gold_percent=10,
)

# ---- spans in a dialogue ----

TALKS = [
    [
        ("user", "Can I put bamboo in the dishwasher?"),
        ("assistant", "Better not. Heat and water make bamboo swell and crack. Wash it by hand and let it dry standing up."),
        ("user", "And if it says dishwasher safe?"),
        ("assistant", "Then the maker has sealed it. Use the short programme and the upper rack."),
    ],
    [
        ("user", "How many days does February have in 2027?"),
        ("assistant", "29 days, because 2027 is a leap year."),
        ("user", "Are you sure?"),
        ("assistant", "You are right to ask. 2027 cannot be divided by four, so February has 28 days."),
    ],
    [
        ("user", "My plant has yellow leaves."),
        ("assistant", "Which plant is it, and how often do you water it?"),
        ("user", "A ficus, every day."),
        ("assistant", "That is too much. Wait until the top of the soil is dry, about once a week."),
    ],
]
MARKED = [
    [
        (1, "Heat and water make bamboo swell and crack.", "Explains"),
        (3, "Use the short programme and the upper rack.", "Advises"),
    ],
    [(1, "29 days, because 2027 is a leap year.", "Wrong"), (3, "2027 cannot be divided by four", "Explains")],
    [
        (1, "Which plant is it, and how often do you water it?", "Asks back"),
        (3, "Wait until the top of the soil is dry", "Advises"),
    ],
]


def _said(talk: list[tuple[str, str]], marked: list[tuple[int, str, str]]) -> Regions:
    found = []
    for n, (turn, words, label) in enumerate(marked):
        start = talk[turn][1].index(words)
        value = {
            "start": str(turn),
            "end": str(turn),
            "startOffset": start,
            "endOffset": start + len(words),
            "text": words,
            "paragraphlabels": [label],
        }
        found.append(region("label", "talk", "paragraphlabels", value, id=f"d{n}"))
    return found


TALKS_POSTING = Posting(
    slug="talks",
    project="Assistant conversations",
    name="What does the assistant do here?",
    description="Mark in a conversation where the assistant advises, explains, asks back or is wrong.",
    interface=(
        '<View><ParagraphLabels name="label" toName="talk"><Label value="Advises" background="#0b6b4f"/>'
        '<Label value="Explains" background="#1f5fa8"/><Label value="Asks back" background="#8a4b00"/>'
        '<Label value="Wrong" background="#b3261e"/></ParagraphLabels>'
        '<Paragraphs name="talk" value="$talk" layout="dialogue" nameKey="who" textKey="says"/></View>'
    ),
    entries=[
        Entry("Advises", "Says what to do.", "It could be followed as it stands."),
        Entry("Explains", "Says why something is so.", "", "It only repeats what the user said."),
        Entry(
            "Asks back",
            "Asks for something it needs in order to help.",
            right=[("Which plant is it?", "It cannot help without.")],
        ),
        Entry(
            "Wrong",
            "Is not true.",
            "You are sure, or have looked it up.",
            right=[("2027 is a leap year", "It cannot be divided by four.")],
        ),
    ],
    items=[
        Item(
            f"talk-{n}",
            {"talk": [{"who": who, "says": says} for who, says in talk]},
            _said(talk, marked),
            _said(talk, marked[:1]),
        )
        for n, (talk, marked) in enumerate(zip(TALKS, MARKED, strict=True), start=1)
    ],
    seconds=90,
    cents=39,
)

POSTINGS = [PAIRS_POSTING, SEARCHES_POSTING, REPLIES_POSTING, TALKS_POSTING]
