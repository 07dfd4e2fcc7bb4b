"""Postings about texts: where a message belongs, whether a comment may stay, who is named, what a product is, what was said in short."""

from simulation.postings.posting import Entry, Item, Posting, Regions, chosen, region, spans

# ---- one choice ----

TICKETS = [
    ("Hello, I was charged twice for the same order in June. Could you send one payment back?", "Billing", "Returns"),
    ("The parcel says delivered, but nobody was home and the neighbours have nothing.", "Delivery", None),
    ("When I press Save the app closes by itself. It started after the update on Monday.", "Technical problem", None),
    ("The jacket is lovely but too small. How do I send it back for a larger one?", "Returns", "Delivery"),
    ("Do you also have a shop in Lisbon?", "Something else", None),
    ("My invoice still shows my old address. The accountant will not take it.", "Billing", None),
    ("Tracking has not moved for six days. Is the box lost?", "Delivery", None),
    ("I cannot log in: the code never arrives on my phone.", "Technical problem", "Something else"),
    ("One of the four mugs arrived in pieces. I would like my money back for that one.", "Returns", "Delivery"),
    ("Just to say that your colleague Ana was wonderful yesterday.", "Something else", None),
    ("The voucher code is refused although it is valid until December.", "Billing", "Technical problem"),
    ("Can the courier come after five? I work until then.", "Delivery", None),
]
TICKET_GOLD = [
    (
        "You took 49 euros from my card and I never ordered anything.",
        "Billing",
        "Money was taken: that is billing, also when there was no order.",
    ),
    ("The website shows an empty page on my tablet.", "Technical problem", "Something of ours does not work."),
    ("I want to return the lamp, it flickers.", "Returns", "The wish decides: they want to return it."),
    ("The tracking page has said “in the van” for four days.", "Delivery", "The parcel is on its way and late; the page works."),
    ("Do you also sell gift cards in your shops?", "Something else", "No other team is named for questions about shops."),
    ("My invoice names my old company.", "Billing", "An invoice is billing, whatever is wrong with it."),
]
TICKETS_POSTING = Posting(
    slug="tickets",
    project="Customer messages",
    name="Where does this message belong?",
    description="Read a customer's message and choose the team that should answer it.",
    interface=(
        '<View><Header value="Which team should answer?"/><Text name="text" value="$text"/>'
        '<Choices name="label" toName="text" choice="single" required="true">'
        '<Choice value="Billing" hotkey="1"/><Choice value="Delivery" hotkey="2"/><Choice value="Technical problem" hotkey="3"/>'
        '<Choice value="Returns" hotkey="4"/><Choice value="Something else" hotkey="5"/></Choices></View>'
    ),
    entries=[
        Entry(
            "Billing",
            "Money that was or will be taken: payments, invoices, vouchers.",
            "The person wants an amount explained, corrected or paid back, and no goods have to come back.",
            "The money is for something they send back: that is **Returns**.",
            [("Why are there two payments of 30 euros?", "Asks about payments.")],
            [("I sent the shoes back, where is my money?", "The refund is part of the return.")],
        ),
        Entry(
            "Delivery", "A parcel on its way: where it is, when it comes, whether it is lost.", "Nothing has been unpacked yet."
        ),
        Entry("Technical problem", "The website or the app does not do what it should.", "The way out is a repair of ours."),
        Entry(
            "Returns",
            "Goods that arrived and should go back or be replaced.",
            "Wrong size, broken, or simply not liked.",
            "The parcel never arrived: that is **Delivery**.",
            [("Two of the glasses are cracked.", "Arrived broken.")],
        ),
        Entry("Something else", "Praise, questions about shops, anything for which no team is named above."),
    ],
    items=[
        Item(f"ticket-{n:02d}", {"text": text}, chosen("text", label), chosen("text", other) if other else None)
        for n, (text, label, other) in enumerate(TICKETS, start=1)
    ]
    + [
        Item(f"ticket-{n:02d}", {"text": text}, chosen("text", label), gold=True, explanation=why)
        for n, (text, label, why) in enumerate(TICKET_GOLD, start=len(TICKETS) + 1)
    ],
    seconds=12,
    cents=6,
    gold_percent=15,
    settings={"gold_first": 5, "accuracy_bar": 0.6},  # five, because accuracy is shown in fives
)

# ---- several choices; what it shows may hurt ----

COMMENTS = [
    ("Great recipe, I used oat milk and it worked.", ["None of these"]),
    ("You clearly have no brain. Go back to school, idiot.", ["Insult"]),
    ("Say that once more and I will be waiting outside your house.", ["Threat"]),
    ("CHEAP WATCHES today only!!! write to deals@watches.example", ["Advertising"]),
    ("Her name is in the article, and she lives at 14 Canal Street, second floor.", ["Private details"]),
    ("What a stupid take, and by the way my shop has better prices: shop.example", ["Insult", "Advertising"]),
    ("I disagree, and I think the second chart proves it.", ["None of these"]),
    ("Idiot. I know your phone number, 555 0134, and I will find you.", ["Insult", "Threat", "Private details"]),
    ("This made my grandmother laugh out loud, thank you.", ["None of these"]),
    ("Only fools believe the council on this.", ["Insult"]),
]
COMMENTS_POSTING = Posting(
    slug="comments",
    project="Reader comments",
    name="May this comment stay?",
    description="Mark everything in a reader's comment that breaks the rules. Some comments are unpleasant.",
    interface=(
        '<View><Text name="text" value="$text"/><Header value="What is wrong with it? Mark all that apply."/>'
        '<Choices name="label" toName="text" choice="multiple" required="true">'
        '<Choice value="Insult"/><Choice value="Threat"/><Choice value="Advertising"/><Choice value="Private details"/>'
        '<Choice value="None of these"/></Choices></View>'
    ),
    entries=[
        Entry(
            "Insult",
            "Words that put a person or a group down.",
            "They are aimed at someone: the author, another reader, a group of people.",
            "Only an opinion or a thing is called bad: *a stupid plan* is allowed.",
            [("You people are a disgrace.", "A group is put down.")],
            [("This plan is rubbish.", "A plan is no person.")],
        ),
        Entry(
            "Threat",
            "Somebody is told that they will be harmed.",
            "Also when it is only hinted at.",
            right=[("Watch your back tonight.", "")],
        ),
        Entry("Advertising", "Something is offered for sale, or the reader is sent to a shop."),
        Entry(
            "Private details",
            "Where somebody lives, their number, their workplace.",
            "",
            "The person gave the detail about themselves.",
        ),
        Entry("None of these", "The comment may stay.", "No other box is ticked."),
    ],
    items=[
        Item(
            f"comment-{n:02d}",
            {"text": text},
            chosen("text", *labels),
            chosen("text", labels[0]) if len(labels) > 1 else None,
            gold=n in (1, 4),
            explanation="A friendly remark." if n == 1 else "It sells something." if n == 4 else "",
        )
        for n, (text, labels) in enumerate(COMMENTS, start=1)
    ],
    seconds=15,
    cents=8,
    sensitive=["hate", "harassment"],
    gold_percent=10,
)

# ---- spans ----

NEWS = [
    (
        "Maren Solberg will lead the Harbour Museum in Westhaven from 1 March.",
        [("Maren Solberg", "Person"), ("Harbour Museum", "Organisation"), ("Westhaven", "Place"), ("1 March", "Date")],
    ),
    (
        "The council of Eastmoor met on Thursday to hear Tomas Achterberg on the new bridge.",
        [("Eastmoor", "Place"), ("Thursday", "Date"), ("Tomas Achterberg", "Person")],
    ),
    (
        "Northlight Energy buys two wind parks off Cape Rowan, its director Ines Falk said in 2025.",
        [("Northlight Energy", "Organisation"), ("Cape Rowan", "Place"), ("Ines Falk", "Person"), ("2025", "Date")],
    ),
    (
        "Rain stopped the final between Rovers Westhaven and United Eastmoor after an hour.",
        [("Rovers Westhaven", "Organisation"), ("United Eastmoor", "Organisation")],
    ),
    (
        "On Sunday the choir of Saint Alder sang for Doctor Peter Lindqvist, who turned ninety.",
        [("Sunday", "Date"), ("Saint Alder", "Place"), ("Peter Lindqvist", "Person")],
    ),
    (
        "Ferries from Cape Rowan to Little Isle are full until 12 August, the Ferry Company says.",
        [("Cape Rowan", "Place"), ("Little Isle", "Place"), ("12 August", "Date"), ("Ferry Company", "Organisation")],
    ),
]


def _news(n: int, text: str, marked: list[tuple[str, str]]) -> Item:
    truth = spans(text, *marked)
    most = spans(text, *marked[:-1])
    suggestion = [one | {"score": 0.62 + 0.1 * k} for k, one in enumerate(truth[:2])] if n in (1, 3, 6) else None
    if suggestion and n == 3:
        suggestion[0]["value"] = suggestion[0]["value"] | {"labels": ["Person"]}  # a machine's mistake, to be put right
    return Item(f"news-{n}", {"text": text}, truth, most, suggestion, gold=n == 4, explanation="Sports clubs are organisations.")


NEWS_POSTING = Posting(
    slug="names",
    project="Local news",
    name="Names in the news",
    description="Mark the people, places, organisations and dates in one line of local news.",
    interface=(
        '<View><Labels name="label" toName="text"><Label value="Person" background="#b3261e" hotkey="1"/>'
        '<Label value="Place" background="#8a4b00" hotkey="2"/><Label value="Organisation" background="#1f5fa8" hotkey="3"/>'
        '<Label value="Date" background="#0b6b4f" hotkey="4"/></Labels><Text name="text" value="$text"/></View>'
    ),
    entries=[
        Entry(
            "Person", "The name of a human being.", "First name, family name, or both.", "A job or a title alone: *the director*."
        ),
        Entry(
            "Place",
            "Somewhere on a map: towns, capes, islands, churches as buildings.",
            "Something happens there, or somebody goes there.",
            "The town stands in the name of a club or a company: then the **whole** name is an Organisation.",
            [("Ferries from Cape Rowan", "A place to leave from.")],
            [("Rovers Westhaven", "A club; the town is part of its name.")],
        ),
        Entry("Organisation", "Companies, clubs, museums, authorities: people who act together under a name."),
        Entry("Date", "A day, a month, a year.", "Also the name of a day: *Thursday*.", "A length of time: *after an hour*."),
    ],
    items=[_news(n, text, marked) for n, (text, marked) in enumerate(NEWS, start=1)],
    seconds=35,
    cents=15,
    gold_percent=10,
    settings={"lease_seconds": 6 * 3600},
)

# ---- a taxonomy ----

SHELVES = {
    "Food": {"Drinks": ["Coffee", "Tea", "Juice"], "Baking": ["Flour", "Sugar", "Yeast"]},
    "Household": {"Cleaning": ["Dishes", "Laundry"], "Kitchen": ["Pots", "Knives"]},
    "Garden": {"Plants": ["Seeds", "Bulbs"], "Tools": ["Digging", "Watering"]},
}
PRODUCTS = [
    ("Arabica beans, whole, 1 kg", ["Food", "Drinks", "Coffee"]),
    ("Loose leaf Earl Grey, tin", ["Food", "Drinks", "Tea"]),
    ("Rye flour type 1150", ["Food", "Baking", "Flour"]),
    ("Wool wash, fragrance free", ["Household", "Cleaning", "Laundry"]),
    ("Cast iron casserole, 26 cm", ["Household", "Kitchen", "Pots"]),
    ("Tulip mix, 40 bulbs", ["Garden", "Plants", "Bulbs"]),
    ("Hose with spray gun, 20 m", ["Garden", "Tools", "Watering"]),
    ("Bread knife with serrated edge", ["Household", "Kitchen", "Knives"]),
]


def _shelf(path: list[str]) -> Regions:
    return [region("shelf", "text", "taxonomy", {"taxonomy": [path]})]


def _branches() -> str:
    return "".join(
        f'<Choice value="{top}">'
        + "".join(
            f'<Choice value="{middle}">' + "".join(f'<Choice value="{leaf}"/>' for leaf in leaves) + "</Choice>"
            for middle, leaves in below.items()
        )
        + "</Choice>"
        for top, below in SHELVES.items()
    )


PRODUCTS_POSTING = Posting(
    slug="shelves",
    project="Shop catalogue",
    name="Which shelf is it on?",
    description="Sort a product into the shop's three-level catalogue.",
    interface=(
        '<View><Header value="On which shelf would you look for it?"/><Text name="text" value="$text"/>'
        f'<Taxonomy name="shelf" toName="text" leafsOnly="true" maxUsages="1" required="true">{_branches()}</Taxonomy></View>'
    ),
    entries=[],
    items=[
        Item(f"product-{n}", {"text": text}, _shelf(path), gold=n == 1, explanation="Whole beans are still coffee.")
        for n, (text, path) in enumerate(PRODUCTS, start=1)
    ],
    seconds=14,
    cents=7,
    gold_percent=10,
)

# ---- free text ----

REPORTS = [
    (
        "The bridge over the Alder was closed on Monday after an inspector found rust in two of its bolts. Buses now take the road through "
        "Eastmoor, which adds twenty minutes. The bolts will be replaced by the end of next week, the council says, and until then "
        "pedestrians and bicycles may still cross.",
        "The Alder bridge is closed to cars until rusty bolts are replaced next week; walking and cycling stay possible.",
    ),
    (
        "For the third summer in a row, the open-air pool opened late. This time a pump was to blame. Spare parts came from abroad and were "
        "held at the border for nine days. The pool's manager hopes for fifty thousand visitors all the same, because ticket prices stay as "
        "they were.",
        "A broken pump delayed the pool's opening for the third year, but prices stay and the manager hopes for 50,000 visitors.",
    ),
    (
        "A school in Westhaven gave each class a vegetable bed. What grows there is cooked on Fridays. Teachers report that children who "
        "refused tomatoes now guard them, and that arithmetic with real weights works better than from the book. Two neighbouring schools "
        "want to copy it.",
        "A Westhaven school's vegetable beds changed how children eat and count, and two other schools want to copy them.",
    ),
    (
        "The library will lend tools from October: drills, ladders, a tile cutter. Members pay nothing; who brings a thing back broken is "
        "not charged, but is asked to help at the repair evening. The idea came from readers who had counted how often their own drill is "
        "used: thirteen minutes in its life.",
        "From October the library lends tools free to members, who help at repair evenings if something breaks.",
    ),
]
SUMMARIES_POSTING = Posting(
    slug="summaries",
    project="Local reports",
    name="Say it in one sentence",
    description="Write a one-sentence summary of a short local report.",
    interface=(
        '<View><Text name="text" value="$text"/><Header value="One sentence, at most 30 words"/>'
        '<TextArea name="summary" toName="text" rows="3" editable="true" maxSubmissions="1" required="true"/></View>'
    ),
    entries=[],
    items=[
        Item(f"report-{n}", {"text": text}, [region("summary", "text", "textarea", {"text": [short]})])
        for n, (text, short) in enumerate(REPORTS, start=1)
    ],
    seconds=120,
    cents=52,
    overlap=2,
    settings={"lease_seconds": 1800},
)

POSTINGS = [TICKETS_POSTING, COMMENTS_POSTING, NEWS_POSTING, PRODUCTS_POSTING, SUMMARIES_POSTING]
