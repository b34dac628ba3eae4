"""Sentence shapes of clinical notes. `[a|b]` is a choice, `{slot}` a value, ` => field=value` a fixed answer.

Slots: {reason}; {for} a duration; {at} a moment; {v} vitals, telegraphic; {vp} vitals in prose; {m} medications; {m1} exactly one;
{al} allergens; {t} tests with results; {to} tests that are ordered; {in} a follow-up time after "in"; {on} a follow-up day; {dept}.
Slots that begin with x are no answers: {xname}, {xage}, {xsymptom}, {xdrug}, {xyear}, {xn}.
"""

REASON = """
Pt [c/o|complains of|reports] {reason}[ x {for}| for {for}| since {at}|]
[Patient|Pt] presents with {reason}[ for {for}| since {at}|]
[Patient|The patient] came in [because of|due to|with] {reason}[ for the past {for}| since {at}|]
CC: {reason}[ x {for}| x {for}|]
[Chief complaint|Main complaint|Presenting complaint|Complaint]: {reason}[, {for}|, since {at}|]
reason: {reason}
[Reason for visit|Reason for consultation|Reason for attendance][ is|:] {reason}
{xname}, {xage}, [presents with|seen for|here with|attends with] {reason}[ for {for}| since {at}|]
{xage} [yo|y/o|year old] [m|f|male|female|man|woman] [with|c/o|presenting with] {reason}[ x {for}| for {for}|]
{xage}-year-old [man|woman] [who has had|with] {reason} [for {for}|since {at}]
[Mr|Mrs|Ms] {xlast} [is here today|came today|was seen today] for {reason}
[Mr|Mrs|Ms] {xlast} has been [having|suffering from|troubled by] {reason} [for {for}|since {at}]
Seen [today |in clinic |]for {reason}[ of {for} duration| that began {at}|]
Admitted [with|for] {reason}[ which started {at}| of {for}|]
Referred [by GP |by the GP |]for [evaluation of |assessment of |]{reason}[ since {at}|]
{reason} for {for}
{reason} since {at}
{reason} x {for}
{reason}, onset {at}
{reason}, started {for} ago
[He|She] has had {reason} [for {for}|for about {for}|since {at}]
[He|She] [came|comes] to us with {reason}[ that started {for} ago| that started {at}|]
[Over the last|For the last|For the past] {for} the patient has [noticed|had|suffered from] {reason}
Since {at} the patient has [noticed|had|complained of] {reason}
{for} [history|hx] of {reason}
Hx of {reason} for {for}
HPI: {reason}[ x {for}| since {at}|]
[Presents to ED|Brought to the ED|Arrived in the emergency room] with {reason}[ since {at}| for {for}|]
[Walk-in|Home visit|Phone consult|Video consult] for {reason}[, {for} now|]
[Today|This time] [he|she] [mentions|describes|reports] {reason}[ going on for {for}| going on since {at}|]
[Concerned about|Worried about] {reason}[ for {for}|]
[Patient|Pt] is [bothered by|worried about|struggling with] {reason}[ for {for}| since {at}|]
Here [today |]because of {reason}[ lasting {for}|]
Main problem [is|today is] {reason}[, going on for {for}|, present since {at}|]
Patient [states|says] that [he|she] has {reason}[ and that it began {for} ago| and that it began {at}|]
Problem: {reason}[ ({for})| (since {at})|]
Developed {reason} [{for} ago|{at}]
Woke up with {reason} {at}
Came [back |]with {reason}[, {for}|, since {at}|]
I saw {xname} [today |]because of {reason}[, which has lasted {for}|]
Thank you for seeing {xname}, who has {reason}[ for {for}| since {at}|]
[Known smoker|Retired teacher|Office worker|Builder] [presenting with|with] {reason}[ for {for}|]
S: {reason}[ x {for}| since {at}|]
Subjective: {reason}[ for {for}|]
Sx: {reason}[ x{for}|]
[Consultation|Appointment] about {reason}[ that has been there for {for}|]
[New|Acute|Ongoing] {reason}[ for {for}| since {at}|]
Patient [called|rang] about {reason}[, which began {at}|]
[Visit|Attendance] [because of|for|due to] {reason}
The [problem|trouble] today is {reason}[; it has been there for {for}|]
"""

SINCE = """
[It|This] [started|began] {for} ago
[It|This] [started|began] {at}
Onset {for} ago
Onset[:| was] {at}
Duration[:| is|] {for}
Ongoing for {for}
Symptoms [for|x] {for}
Symptoms since {at}
[First noticed|Noticed first] {at}
[Going on|Present] [for {for}|since {at}]
[He|She] [first noticed it|says it began] {for} ago
[He|She] says it has been [like this|there] [for {for}|since {at}]
It has [lasted|been present for] {for}[ now| so far|]
Started {for} ago[ without any trigger| after a walk|]
[The symptoms|The complaints] [appeared|came on] {at}
Since: {for}
The problem [has been there|has lasted] for {for}
No [change|relief] since [it began|it started] {for} ago
"""

VITALS = """
{v}
Vitals: {v}
VS: {v}
O/E {v}
Obs: {v}
Vital signs [today|on arrival|on admission][:|] {v}
On [exam|examination|arrival]: {v}
On [examination|arrival] {vp}
[Vitals|Vital signs] [showed|were|show] {vp}
[We|I] [measured|found|recorded|noted] {vp}
[The patient|He|She] [had|has] {vp}
[At triage|In the ambulance|At home|In clinic] {v}
Objective: {v}
O: {v}
[Recorded|Measured] [today|at rest]: {v}
[Readings|Measurements][:| today:] {v}
[Nurse|The nurse] [recorded|took] {vp}
Triage [obs|vitals]: {v}
[Today's|Current] [vitals|readings]: {v}
[His|Her] [observations|vital signs] [are|were] {vp}
[Monitor|The monitor] [shows|showed] {vp}
At rest [there was|there is] {vp}
Stable with {vp}
Exam [notable for|with] {vp}
We [checked|took] the vitals and got {vp}
Obs [stable|done]: {v}
"""

MEDICATION = """
Meds: {m}
Medication[s|]: {m}
Current [meds|medication|medications][:| -] {m}
Rx {m}
Rx: {m}
Tx: {m}
[Takes|Taking|On] {m}
[Pt|Patient|He|She] [takes|is on|is taking|uses] {m}
[Started|Begun|Commenced] [on |]{m}
[Start|Begin|Commence] {m}
[We|I] [started|prescribed|gave] {m}
[We|I] [have |]put [him|her|the patient] on {m}
[Prescribed|Given|Given today:] {m}
[Continue|Continues|Keep on|Carry on with] {m}
[Regular|Usual|Home] [meds|medication|medicines][:| are|] {m}
[Patient|Pt] was [started on|given|prescribed] {m}
Plan: [start|continue|give] {m}
P: {m}
[Discharged|Sent home] [on|with] {m}
[Increase|Increased|Reduce|Reduced] {m1}
[His|Her] [medication|treatment] [is|consists of|includes] {m}
[At home|Every day] [he|she] [takes|uses] {m}
[Treatment|Therapy]: {m}
Treated with {m}
[Will|To] [take|have|use] {m}
[Drug list|Med list|Current drugs|DHx]: {m}
[Advised|Told] to take {m}
[Script|Prescription] [for|given for|issued for] {m}
[Asked|Advised] to continue {m}
[Currently|At present] [on|taking|treated with] {m}
[Symptoms|Pain] [controlled|better] with {m}
[Switched|Changed] to {m1}
[Added|Add] {m1}
[New|Newly prescribed][:| is] {m1}
[Renewed|Refilled|Repeat] {m}
The [usual|daily] [tablets|medicines] are {m}
[For this|Against this] [he|she] [was given|received|got] {m}
[Has been|Was] taking {m}[ with good effect| without problems|]
"""

ALLERGY = """
Allergies: {al}
Allergy: {al}
Allergic to {al}
[Patient|Pt|He|She] is allergic to {al}
Known [allergy|allergies] to {al}
[Reports|States] [an allergy|allergies] to {al}
{al} allergy
Allergies - {al}
ALL: {al}
Reacts to {al} [with a rash|with hives|with swelling|badly]
[Has|Had] [a reaction|a rash|an anaphylaxis] [to|after] {al} [before|in the past|years ago]
[He|She] [cannot|can't|must not] have {al} [because of an allergy|as this gives a rash|(allergy)]
Intolerant of {al}
[Note|Caution|Warning]: [allergic to|allergy to] {al}
[Anaphylaxis|Hives|Rash] with {al}
[Documented|Confirmed] allergy[ to|:] {al}
Allergy status: {al}
[Previous|Past] reaction to {al}
Please [avoid|do not give] {al} [due to allergy|(allergic)|as the patient is allergic]
[As a child|Years ago] [he|she] [reacted|had a reaction] to {al}
NKDA => allergy=none
No known [drug |]allergies => allergy=none
Allergies: [none|nil|none known|NKDA] => allergy=none
[No allergies|Not allergic to anything] => allergy=none
[He|She|Patient] [has no|denies any|denies] [known |]allergies => allergy=none
There are no [known |]allergies => allergy=none
Allergies [denied|not known] => allergy=none
"""

TESTS = """
Labs: {t}
[Lab|Blood] results: {t}
{t}
Tests: {t}
[Investigations|Ix|Results]: {t}
[Bloods|Bloods today|Lab work]: {t}
[Blood tests|Tests|Investigations] [showed|show|gave|revealed] {t}
[Workup|Work-up] [so far|in the ED|today]: {t}
[Results|Findings] [are|were|today]: {t}
[Here|Today] {t}
[We|I] [did|ran|reviewed] tests: {t}
[The lab|Lab] [reports|reported|called with] {t}
[Recent|Latest|Last] [labs|tests|results]: {t}
[Diagnostics|Data|Imaging and labs]: {t}
On [testing|work-up], {t}
From the lab: {t}
[Our|The] tests [found|came back with|gave] {t}
[Test|Lab] [values|findings]: {t}
[Checked|Reviewed]: {t}
[Of note|Notably], {t}
[Ordered|Requested|Booked] {to}
[We|I] [ordered|requested|have booked|arranged] {to}
[Will|To] [order|get|arrange|check] {to}
[Plan|P]: [order |check |get |arrange ]{to}
[Needs|Awaiting|Due] {to}
[Send|Sent|Referred] for {to}
[He|She|Patient] [will have|is booked for|needs] {to}
{to} [requested|ordered|booked|to be done]
[Please|Kindly] [arrange|organise|do] {to}
[Next step|Next]: {to}
[Further tests|Still to do]: {to}
[Today|Next week] we will [do|arrange] {to}
"""

FOLLOW_UP = """
F/u in {in}[ with {dept}|]
F/u {in}
Follow-up [in|after] {in}[ with {dept}| at {dept}|]
Follow up [on {on}|in {in}][ with {dept}|]
[Review|Recheck|See again] in {in}
[Review|Recheck|See again] on {on}
[RTC|Return to clinic|Return] in {in}
[We|I] will [see|review] [him|her|the patient] [again |]in {in}
[We|I] will [see|review] [him|her|the patient] [again |]on {on}
[Next|Control] [visit|appointment|review] [in {in}|on {on}][ with {dept}| at {dept}|]
[Next appointment|Appointment]: {on}
[Refer|Referred|Referral] to {dept}
[Refer|Referred] to {dept}, [to be seen in {in}|visit on {on}]
[Appointment|Visit] with {dept} [in {in}|on {on}]
[Come back|To come back|Return] [in {in}|on {on}][ if no better| for a check|]
[To see|Will see|Should see] {dept} [in {in}|on {on}]
[Booked|Booked in] with {dept} [in {in}|on {on}|for {on}]
[He|She] should [be seen|come] [again |]in {in}
[He|She] will [be seen by|go to|attend] {dept} [in {in}|on {on}]
Follow-up: {in}
Follow-up: {on}[, {dept}|]
Follow-up: {dept}
FU {in} {dept}
[Plan|Planned]: [review|f/u|recheck] in {in}
[Plan|P]: see {dept} [in {in}|on {on}]
[Check-up|Control] in {in}
Please [review|see] [him|her] in {in}
[Asked|Told|Advised] to [return|come back] [in {in}|on {on}]
[The next|Our next] [check|visit] is [due |]in {in}
[We|I] agreed to [meet|talk|speak] again [in {in}|on {on}]
[Telephone|Phone|Video] review in {in}
{dept} [review|follow-up|appointment] in {in}
{dept} [review|follow-up|appointment] on {on}
[Back|Back here] in {in}
Follow-up as needed => follow-up=as needed
[Return if worse|RTC prn|F/u prn|See again if needed|Come back only if worse] => follow-up=as needed
No follow-up [needed|planned|required] => follow-up=none
[Discharged from follow-up|No further review needed] => follow-up=none
"""

OTHER = """
[Lives|Living] [alone|with family|with spouse|in a flat|with two cats]
[Non-smoker|Ex-smoker|Never smoked|Does not smoke]
Smokes {xn} [cigarettes a day|a day]
[Drinks|Alcohol] [occasionally|socially|at weekends]
No alcohol
[Works as|Job:] [a teacher|a driver|a nurse|a farmer|a cook]
[Lungs|Chest] clear
[Abdomen|Belly] soft[, not tender|]
[Heart sounds|Reflexes|Pupils] normal
[Alert and oriented|Alert, in no distress|Well appearing|Looks well]
Denies {xsymptom}
No {xsymptom}
[Patient|He|She] denies {xsymptom}
[Mother|Father|Sister|Brother] had {xsymptom}
FHx: {xsymptom} in [mother|father]
Stopped {xdrug} [last year|in {xyear}]
[Previously|Formerly] on {xdrug}, stopped in {xyear}
[PMH|Past history]: [surgery|appendectomy|fracture|operation] in {xyear}
[Had|Has had] [knee surgery|a fracture|an operation] in {xyear}
[Married|Widowed|Single], {xn} children
[Good|Poor|Fair] [sleep|appetite]
[Eating and drinking|Sleeping] [well|normally]
No [travel|recent travel|trauma|sick contacts]
[Exercises|Walks|Swims] [regularly|every day|rarely]
Patient: {xname}
[Name|Pt name]: {xname}, [age |]{xage}
{xname} [came with|was accompanied by] [a friend|family|a neighbour]
[Thank you|Many thanks|Kind regards|Best wishes]
[Dear colleague|Dear doctor|Hello]
Immunisations up to date
[Skin|Throat|Neck] [normal|unremarkable]
[Explained|Discussed] [with patient|the plan|the risks]
[Patient|Family] [agrees|understands|informed]
[Wants|Asks for] a sick note
Seen by Dr {xlast}
Dictated by Dr {xlast}
"""
