"""Value pools of the note generator: what the slots of the templates are filled with.

Every pool comes twice, TRAIN and HELD. Held values are never seen in training. A good part of the
values are pseudo-words, so that a model has to copy them: it cannot know them by heart.
"""


def words(text):
    return [w.strip() for w in text.split(";")]


DAYS = words("Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday")
MONTHS = words("January;February;March;April;May;June;July;August;September;October;November;December")

TRAIN = dict(
    first=words("Maria;James;Anna;Peter;Sofia;Lucas;Emma;Noah;Olivia;Liam;Ingrid;Carlos;Fatima;Yusuf;Wei;Mei;Priya;Arjun;Elena;Marco;"
                "Chloe;Hugo;Lena;Jonas;Nadia;Omar;Grace;Daniel;Ruth;Samuel;Alice;Victor;Irene;Pavel;Katya;Tomas;Julia;Felix;Amara;Kofi;"
                "Leila;Hassan;Greta;Sven;Bianca;Diego;Rosa;Ivan;Martha;Simon"),
    last=words("Keller;Smith;Garcia;Nowak;Rossi;Dubois;Jensen;Larsen;Weber;Fischer;Okafor;Mensah;Khan;Patel;Sharma;Chen;Wang;Tanaka;Kim;Park;"
               "Silva;Costa;Novak;Horvat;Petrov;Ivanova;Murphy;Kelly;Brown;Taylor;Wilson;Evans;Clark;Lewis;Young;Hill;Moreau;Laurent;Bauer;Koch;"
               "Schmidt;Meyer;Lopez;Martin;Santos;Haddad;Rahman;Ali;Berg;Lund"),
    symptom=words("chest pain;headache;shortness of breath;dizziness;nausea;fatigue;fever;cough;sore throat;back pain;abdominal pain;palpitations;"
                  "rash;joint pain;vomiting;diarrhea;constipation;insomnia;blurred vision;ear pain;wheezing;leg swelling;weight loss;night sweats;"
                  "numbness;hair loss;heartburn;itching;tremor;anxiety;low mood;burning urination;blood in stool;dry cough;knee pain;hip pain;"
                  "neck stiffness;runny nose;muscle cramps;nosebleed;tinnitus;swollen ankles;loss of appetite;double vision;hand weakness;"
                  "difficulty swallowing;red eye;flank pain;cold hands;memory loss"),
    site=words("left knee;right shoulder;lower back;left arm;right hip;neck;jaw;right foot;left wrist;upper abdomen;left ear;groin;right elbow;calf;heel"),
    ache=words("pain;swelling;stiffness;numbness;weakness;itching;cramps;redness;ache;tenderness"),
    quality=words("sharp;dull;mild;severe;burning;throbbing;constant;sudden;recurrent;intermittent"),
    drug=words("metformin;lisinopril;amlodipine;atorvastatin;omeprazole;ibuprofen;paracetamol;warfarin;albuterol;prednisone;sertraline;losartan;"
               "furosemide;gabapentin;levothyroxine;amoxicillin;aspirin;clopidogrel;bisoprolol;ramipril;simvastatin;citalopram;diazepam;morphine;"
               "tramadol;insulin glargine;hydrochlorothiazide;pantoprazole;doxycycline;azithromycin;cetirizine;montelukast;allopurinol;digoxin;"
               "naproxen;codeine;metoprolol;venlafaxine;lamotrigine;apixaban"),
    drug_end=words("ine;ol;ax;ide;pril;mab;stat;zole;cin;fen;vir"),
    allergen=words("penicillin;sulfa;latex;peanuts;aspirin;ibuprofen;shellfish;iodine;codeine;eggs;bee stings;pollen;nickel;amoxicillin;contrast dye;"
                   "cat hair;soy;morphine;tetracycline;dust mites;strawberries;plasters"),
    test_num=words("CRP;hemoglobin;creatinine;glucose;potassium;sodium;WBC;platelets;TSH;HbA1c;ALT;ferritin;lactate;INR;ESR;LDL;urea;bilirubin"),
    test=words("troponin;ECG;chest X-ray;urinalysis;CT head;MRI spine;D-dimer;ultrasound;blood culture;strep test;echo;EEG;lung function;stool test;"
               "knee X-ray;CT abdomen;pregnancy test;liver panel;stress test;biopsy;spirometry;colonoscopy"),
    result=words("negative;positive;normal;clear;raised;low;unremarkable;elevated;pending;inconclusive;borderline;abnormal"),
    dept=words("cardiology;neurology;dermatology;orthopedics;physiotherapy;the GP;the ENT clinic;the eye clinic;gastroenterology;the diabetes nurse;"
               "urology;rheumatology;the wound clinic;oncology;psychiatry;the chest clinic;endocrinology;the pain clinic"),
    merchant=words("Amazon;Netflix;Spotify;Lidl;Tesco;Uber;Airbnb;Ikea;Zara;Shell;Booking.com;PayPal;Steam;Walmart;Costco;Target;Starbucks;eBay;"
                   "Carrefour;Ryanair;Lufthansa;Hilton;Apple Store;Google Play;Vodafone;Etsy;Best Buy;H&M;Decathlon;Subway;Burger King;Deliveroo;"
                   "City Gym;Blue Hotel;Corner Bakery;Green Market;Hertz;Zalando;Adobe;Disney Plus"),
    shop_end=words("Ltd;GmbH;Store;Cafe;Hotel;Inc;Shop;Bistro;Market;Travel;Online;Motors;Books;Energy"),
    city=words("Lyon;Berlin;Madrid;Oslo;Leeds;Boston;Lisbon;Vienna;Prague;Dublin;Porto;Turin"),
)

HELD = dict(TRAIN, **dict(
    first=words("Beatrix;Ludwig;Saskia;Rafael;Zofia;Magnus;Camille;Tariq;Yuki;Oleg;Philippa;Dmitri"),
    last=words("Anderson;Vasquez;Lindqvist;Takahashi;Oyelaran;Baumgartner;Fontaine;Kowalczyk;Gupta;Quinn;Strand;Zimmer"),
    symptom=words("hoarseness;hiccups;facial droop;jaundice;pelvic pain;toothache;fainting;hot flushes;tingling fingers;eyelid swelling"),
    site=words("right thumb;left ankle;ribs;scalp;right thigh"),
    drug=words("rosuvastatin;escitalopram;spironolactone;cefalexin;salbutamol;mirtazapine;valsartan;rivaroxaban;colchicine;loratadine;nifedipine"),
    allergen=words("trimethoprim;walnuts;cephalexin;kiwi;wasp venom;naproxen;milk"),
    test_num=words("albumin;calcium;BNP;magnesium;amylase;cortisol"),
    test=words("mammogram;wrist X-ray;lumbar puncture;Holter monitor;gastroscopy;tilt test"),
    dept=words("nephrology;the fracture clinic;hematology;the sleep clinic;audiology"),
    merchant=words("Aldi;Expedia;Nike;McDonalds;Emirates;Sephora;Dropbox;Riverside Pharmacy;Marriott;Nintendo;Primark"),
    city=words("Geneva;Krakow;Seville;Bergen"),
))

# Pseudo-words: consonant-vowel syllables; held words are built of other syllables.
TRAIN_SYLLABLES = [c + v for i, c in enumerate(words("b;d;f;g;k;l;m;n;p;r;s;t;v;z;br;ch;dr;gl;pl;tr;st;kr"))
                   for j, v in enumerate(words("a;e;i;o;u")) if (i + j) % 5 != 2]
HELD_SYLLABLES = [c + v for i, c in enumerate(words("b;d;f;g;k;l;m;n;p;r;s;t;v;z;br;ch;dr;gl;pl;tr;st;kr"))
                  for j, v in enumerate(words("a;e;i;o;u")) if (i + j) % 5 == 2]
VOWELS, CONSONANTS = "aeiouy", "bcdfghjklmnpqrstvwxz"


def pseudo(rng, held):
    """A word nobody knows, in lower case."""
    if not held and rng.random() < 0.3:      # any letters: teaches to copy letter by letter
        return "".join(rng.choice(VOWELS if i % 2 else CONSONANTS) for i in range(rng.choice((4, 5, 5, 6, 7))))
    syllables = HELD_SYLLABLES if held else TRAIN_SYLLABLES
    end = rng.choice(("", "", "n", "r", "x", "l", "s"))
    return "".join(rng.choice(syllables) for _ in range(rng.choice((2, 2, 3)))) + end


class Values:
    """Draws values from one half of the pools. Confined to one thread."""

    def __init__(self, rng, held):
        self.rng, self.held, self.pool = rng, held, HELD if held else TRAIN

    def pick(self, name):
        return self.rng.choice(self.pool[name])

    def number(self, low, high):
        """A whole number; held numbers are those with the remainder 3 of 7, training has the others."""
        while True:
            n = self.rng.randint(low, high)
            if high - low < 14 or (n % 7 == 3) == self.held:
                return n

    def word(self):
        return pseudo(self.rng, self.held)

    def name(self):
        r = self.rng.random()
        first = self.pick("first") if r < 0.7 else self.word().capitalize()
        last = self.pick("last") if self.rng.random() < 0.6 else self.word().capitalize()
        return first + " " + last

    def symptom(self):
        r, rng = self.rng.random(), self.rng
        if r < 0.5:
            text = self.pick("symptom")
        elif r < 0.75:
            text = self.pick("site") + " " + rng.choice(self.pool["ache"])
        else:
            text = self.word() + " " + rng.choice(self.pool["ache"])
        if rng.random() < 0.2:
            text = rng.choice(self.pool["quality"]) + " " + text
        return text

    def drug(self):
        if self.rng.random() < 0.6:
            return self.pick("drug")
        return self.word() + (self.pick("drug_end") if self.rng.random() < 0.6 else "")

    def allergen(self):
        return self.pick("allergen") if self.rng.random() < 0.65 else self.word()

    def merchant(self):
        if self.rng.random() < 0.55:
            return self.pick("merchant")
        word = self.word().capitalize()
        return word + " " + self.pick("shop_end") if self.rng.random() < 0.6 else word

    def party(self):
        return self.merchant() if self.rng.random() < 0.7 else self.name()

    def count(self, low=2, high=12):
        n = self.rng.randint(low, high)
        return self.rng.choice((str(n), str(n), "two three four five six seven eight nine ten eleven twelve".split()[n - 2]))

    def duration(self):
        r = self.rng.random()
        if r < 0.08:
            return self.rng.choice(("a week", "a few days", "a month", "an hour", "one day", "several weeks"))
        return self.count() + " " + self.rng.choice(("days", "days", "weeks", "weeks", "months", "hours", "years"))

    def moment(self):
        r = self.rng.random()
        if r < 0.35:
            return self.rng.choice(("yesterday", "this morning", "last night", "last week", "yesterday evening", "the weekend", "last month"))
        if r < 0.7:
            return self.rng.choice(("", "last ")) + self.rng.choice(DAYS)
        return self.rng.choice(MONTHS)

    def amount(self):
        rng = self.rng
        whole = self.number(5, 99) if rng.random() < 0.4 else self.number(100, 999) if rng.random() < 0.6 else self.number(1000, 19999)
        text = f"{whole:,}" if rng.random() < 0.8 else str(whole)
        if rng.random() < 0.5:
            text += f".{rng.randint(0, 99):02d}"
        return rng.choice(("$" + text, "$" + text, "€" + text, "£" + text, text + " EUR", text + " USD", text + " euros", text + " dollars", text + " CHF"))

    def card(self):
        return f"{self.number(1000, 9999)}"

    def date(self):
        rng, r = self.rng, self.rng.random()
        if r < 0.3:
            return f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"
        if r < 0.45:
            return f"{rng.choice(MONTHS)} {rng.randint(1, 28)}"
        if r < 0.6:
            return f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}" + rng.choice(("", f"/{rng.randint(2019, 2029)}"))
        if r < 0.8:
            return rng.choice(("last ", "")) + rng.choice(DAYS)
        return rng.choice(("yesterday", "today", "this morning", "last night", "last week", "two days ago", "last month"))
