"""Sentence shapes of bank messages. `[a|b]` is a choice, `{slot}` a value, ` => field=value` a fixed answer.

Slots: {amount}; {party} a merchant or a person; {card} four digits; {date}. Slots that begin with x are no answers:
{xname}, {xyear}, {xn}. EXTRA says which single-fact sentences can follow an intent: amount, party, card, date.
"""

INTENTS = {
    "dispute charge": ("apcd", """
[There is|I see] a [charge|payment|debit] of {amount} [from|to|at] {party} that I [did not make|do not recognise|never authorised]
I want to dispute [a|the] [charge|payment][ of {amount}|][ from {party}| at {party}|]
[I'd like to|Let me|I need to] contest the {amount} {party} took [on {date}|from my account]
Why [did|does] {party} [charge|take] {amount}[ on {date}|]? I [bought nothing there|never ordered anything]
{party} charged me [twice|double][ on {date}|][, {amount} each time|]
I don't recognise [a|this] [charge|transaction] [from|by] {party}[ on {date}| for {amount}|]
Someone [paid|spent] {amount} [at|with] {party} and it was not me
Unknown [charge|debit|payment] on my [statement|account][: {amount}, {party}|: {party}|]
This {party} [charge|payment] [is not mine|is wrong|was never approved by me]
"""),
    "report lost card": ("cd", """
I [have |]lost my card[ ending {card}| {card}|][ on {date}|]
My card[ ending in {card}|] is [lost|gone|missing][ since {date}|]
I can't find my [bank |credit |debit |]card[ {card}|] [anywhere|any more]
I left my card[ ending {card}|] [on the bus|in a taxi|in a shop|on a train][ {date}|]
Lost card[: {card}| ending {card}|]
[It seems|I think] I have [mislaid|misplaced] my card[ ending {card}|]
My [wallet|purse] with the card[ ending {card}|] [fell out of my bag|is nowhere to be found]
"""),
    "report stolen card": ("cd", """
My [card|wallet|bag][ with card {card}|] was stolen[ on {date}|]
[Someone|A thief] [stole|took] my card[ ending {card}|][ on {date}|]
I was [robbed|mugged] and [my card|card {card}] is [gone|with the thief]
Stolen card[: {card}| ending {card}|]
My card[ {card}|] has been [stolen|pickpocketed][ {date}|]
[Thieves|Pickpockets] have my card[ ending in {card}|] now
I need to report the theft of my card[ ending {card}|]
"""),
    "block card": ("cd", """
Please [block|freeze|lock] my card[ ending in {card}| {card}|]
[Block|Freeze|Lock] [the |my |]card[ ending {card}| {card}|][ at once|]
I [want|would like|need] my card[ ending {card}|] [blocked|frozen|locked]
Can you [block|freeze] the card[ ending in {card}|][ from {date}|]?
Put a [block|freeze|lock] on [my card|card {card}|the card ending {card}]
[Could you|Would you] please disable my card[ {card}|][ for now|]?
"""),
    "card declined": ("apcd", """
My card[ ending {card}|] was [declined|refused|rejected] at {party}[ on {date}|]
Why was my card[ ending {card}|] [declined|refused][ when I paid {amount}|][ at {party}|]?
{party} [would not take|refused|did not accept] my card[ {card}|][ on {date}|]
My payment of {amount}[ to {party}|] was [declined|refused|rejected]
Card [declined|refused][ at {party}|][, {amount}|][, {date}|]
The [terminal|machine|till] at {party} [refused|rejected] my card[ for {amount}|]
I could not pay {amount} at {party}[ {date}|] because the card [failed|did not work]
"""),
    "request refund": ("apd", """
I want [my money back|a refund][ from {party}|][, {amount}|]
Please refund [the |]{amount}[ charged by {party}| paid to {party}|]
I am [waiting for|still missing] a refund [of {amount} |]from {party}[ since {date}|]
{party} [promised|owes me|agreed to] a refund[ of {amount}|][ on {date}|]
Where is my refund[ of {amount}|][ from {party}|]?
[I returned|I sent back] the [goods|shoes|order] to {party} and [want|expect] {amount} back
[Can I get|How do I get] [my money|the {amount}] back from {party}?
"""),
    "transfer money": ("apd", """
[Please |]transfer {amount} to {party}[ on {date}|]
[Please |]send {amount} to {party}[ on {date}|]
I [want|need|would like] to [send|transfer|wire] {amount} to {party}
[Can you|Could you] [move|wire|send] {amount} [to|over to] {party}[ on {date}|]?
Transfer to {party}[, {amount}|][, {date}|]
[Make|Set up] a [payment|transfer] of {amount} [to|for] {party}[ for {date}|]
{party} [needs|should get|is to receive] {amount} from [my account|me][ on {date}|]
"""),
    "payment missing": ("apd", """
[The|My] [transfer|payment] of {amount} [from {party} |]has [not arrived|not come in]
I [sent|paid] {amount} to {party}[ on {date}|] but it [never arrived|has not arrived|is not there]
{party} [says|tells me] my payment[ of {amount}|] [never arrived|was not received]
Where is the {amount} [that I sent to|I transferred to|from] {party}[ on {date}|]?
My salary[ from {party}|][ of {amount}|] has not [arrived|been paid in]
[Still waiting for|Missing] [a transfer of |]{amount} from {party}[, sent {date}|]
A payment [from|to] {party} [got lost|has gone missing][, {amount}|]
"""),
    "check balance": ("c", """
[What is|What's] [my balance|the balance of my account][ today|]?
[Tell me|Please tell me|Can you tell me] [my balance|how much money I have]
How much [is left|money is left|do I have] [on|in] my account[ today|]?
I [want|would like|need] to know my [current |]balance
Balance[ please|?]
[Could you|Please] send me the balance[ of card {card}|]
"""),
    "raise limit": ("ac", """
[Please |]raise my [card |daily |credit |]limit[ to {amount}|]
I [need|want|would like] a higher [limit|card limit|credit limit][, {amount}| of {amount}|]
[Can you|Could you] increase [my limit|the limit][ on card {card}|][ to {amount}|]?
My limit is too low[, I need {amount}|][, please lift it to {amount}|]
[Increase|Lift] the [limit|spending limit] [of card {card} |]to {amount}
[How do I|Can I] get my [card |]limit raised[ to {amount}|]?
"""),
    "close account": ("d", """
[Please |]close my account[ on {date}| by {date}|]
I [want|would like|wish] to close my [account|savings account|current account][ on {date}|]
I am leaving [the bank|you], [close|cancel] [my account|everything][ by {date}|]
[How do I|How can I] close my account?
[Cancel|Terminate] my account[ as of {date}|]
I no longer [need|want] [my account|an account with you]
"""),
    "change address": ("d", """
I [have |]moved[ on {date}|], [please |]update my address
My address [has changed|is new|changes][ on {date}| from {date}|]
[Please |]change my [postal |home |]address
I [want|need|would like] to update my address[ from {date}|]
New address[ from {date}|][, please note|]
[How do I|Where can I] change my address?
"""),
    "cancel standing order": ("apd", """
[Please |]cancel [the|my] [standing order|direct debit] [to|for|with] {party}[ of {amount}|]
[Stop|End] the [standing order|direct debit|monthly payment] [to|for] {party}[ from {date}|]
I [want|would like|need] to [stop|cancel] [the|a] [direct debit|standing order][ of {amount}|] to {party}
No more [direct debits|monthly payments] to {party}[ from {date}|], please
[Can you|Could you] stop the [monthly|weekly] {amount} to {party}?
{party} must not [collect|debit|take] {amount} any more
My subscription with {party} is over, [stop|cancel] the [debit|standing order]
"""),
    "question fee": ("ad", """
Why [did|do] you [charge|take] a fee[ of {amount}|][ on {date}|]?
What is [this|the] fee [of {amount}|from {date}] for?
I was charged [a fee of {amount}|a fee|{amount} in fees][ on {date}|][, why|]?
[Your fees are|This fee is] [too high|a joke|not acceptable][: {amount}|]
[Please |]explain the [account |card |overdraft |]fee[ of {amount}|]
[There is|I see] a bank fee[ of {amount}|][ from {date}|] I do not understand
"""),
    "loan request": ("a", """
I [need|want|would like] a loan[ of {amount}|]
[Can I|How can I] [get|take out] a loan[ of {amount}|]?
I [would like|want] to borrow {amount}[ for a car| for a kitchen|]
[What would|What does] a loan of {amount} cost?
[Please |]send me an offer for a loan[ of {amount}|]
We are [planning|looking for] a [mortgage|credit|loan] of {amount}
"""),
    "replace card": ("cd", """
I need a new card[, the old one is {card}|]
My card[ ending {card}|] [is broken|does not work|is damaged|has a crack]
[Please |]send me a [new|replacement] card[ for {card}|]
My card[ ending in {card}|] [expires|expired] [on {date}|soon], please [replace it|send another]
[Can you|Could you] replace my card[ ending {card}|]?
The chip of my card[ {card}|] is [broken|dead|damaged]
"""),
    "reset pin": ("c", """
I forgot my PIN[ for card {card}|]
[Please |]reset my PIN[ for card {card}| of card {card}|]
My PIN[ for {card}| for card {card}|] [does not work|is blocked|is wrong]
I [need|want] a new PIN[ for my card {card}|]
[How do I|Can I] [change|reset] the PIN[ of card {card}|]?
[Entered|I typed] the wrong PIN three times[, card {card}|]
"""),
    "request statement": ("d", """
[Please |]send me [my|a|the] [statement|bank statement|account statement][ from {date}|]
I need [a|my] statement[ of {date}| for {date}|] for [tax|my landlord|the tax office]
[Can I|Could I] get a [copy of my |]statement[ of {date}|]?
Where [can I find|do I find|is] my statement[ of {date}|]?
I [never got|did not get|have not received] my statement[ of {date}|]
Statement[ of {date}|], please
"""),
    "report fraud": ("apcd", """
I [think|fear] I [was|have been] [scammed|defrauded|tricked][ by {party}|]
[Someone|A scammer] pretending to be {party} [took|got] {amount} from me
I gave my [details|password|code] to a [fake|false] {party} [site|caller]
{party} is a [scam|fraud][, I lost {amount}|]
I got a [phishing|fake|strange] [mail|message|call] [from|in the name of] {party}[ on {date}|]
[Report|Reporting] [a |]fraud[: {party}|][, {amount}|]
My account was hacked[ on {date}|][, {amount} is gone|]
"""),
}

AMOUNT = """
[It is|It's] about {amount}
The amount [is|was] {amount}
Amount: {amount}
The sum [is|was|in question is] {amount}
[That is|We are talking about] {amount}
{amount} in total
[Total|Sum]: {amount}
It [came to|comes to] {amount}
That's {amount}[ altogether|, not small change|]
The figure is {amount}
"""

PARTY = """
[It was|This was] {party}
The [name|other party|company] is {party}
Payee: {party}
The [merchant|shop|receiver|payee] [is|was|is called] {party}
[Name|Company|Recipient]: {party}
[It concerns|This concerns|It is about] {party}
The [other side|business] [is|was] {party}
I mean {party}
"""

CARD = """
[It is|It's|This is] the card ending in {card}
Card [number |]ends in {card}
Card: {card}
card {card}
[My card|The card] ends with {card}
The last four digits are {card}
[Last 4|Last four]: {card}
It's about card {card}
[The card in question|The one I mean] is {card}
Card no. ending {card}
I have the card ...{card}
[Digits|Card digits]: {card}
"""

DATE = """
[It|This|That] [was|happened] on {date}
Date: {date}
[This|It] [was|is from] {date}
[The date is|The date was|It is dated] {date}
[As of|For] {date}
[I noticed|I saw] it {date}
On {date}, to be exact
[It|All this] took place {date}
The day [was|is] {date}
[Booked|Valued|Dated] {date}
"""

URGENCY = """
[This is|It's|It is] [very |really |]urgent => urgency=high
[Urgent|URGENT|Very urgent]! => urgency=high
Please [act|hurry|answer|reply] [now|today|at once|immediately] => urgency=high
I need [this|it|an answer] [today|right now|immediately] => urgency=high
[Do it|Do something] immediately => urgency=high
As soon as possible[, please|] => urgency=high
[ASAP|asap] => urgency=high
This cannot wait => urgency=high
I can't wait [any longer|another day] => urgency=high
[Please treat this as|Treat this as] [urgent|a priority|an emergency] => urgency=high
[Every minute counts|Time is short|Time is running out] => urgency=high
[Quickly|Quick], please => urgency=high
[I want|I expect] [an answer|action] within the hour => urgency=high
[It's an emergency|This is an emergency] => urgency=high
[No rush|No hurry|There is no hurry] => urgency=low
[It's|It is|This is] not urgent => urgency=low
Whenever you [have time|can|get round to it] => urgency=low
[Take your time|No need to hurry] => urgency=low
[It can wait|This can wait] => urgency=low
[Some time|Any time] [this month|in the next weeks] is fine => urgency=low
[Low priority|Not pressing] => urgency=low
No pressure[ at all|] => urgency=low
"""

OTHER = """
[Hello|Hi|Good morning|Good evening|Dear team|Hi there]
[Hello|Hi], [my name is|this is|I am] {xname}
[My name is|I am|This is] {xname}
[Thanks|Thank you|Many thanks|Cheers]
[Regards|Best regards|Kind regards|Thanks], {xname}
I have been a customer [since {xyear}|for {xn} years]
[I am|I'm] [very |really |][disappointed|upset|worried|annoyed]
[This is|That is] [ridiculous|unacceptable|a shame]
[I hope|Hope] you can help
[Can you|Could you] help me[ with this|]?
[Your|The] app is [no help|down|slow]
I [called|wrote|rang] {xn} times already
[I already tried|I tried] the [hotline|chat|app]
[What|How] can I do [now|about it]?
[Please|Kindly] [confirm|let me know|write back]
[I am|I'm] [abroad|on holiday|travelling] [at the moment|right now]
[You can reach|Call] me [in the evening|after work|by phone]
Nobody [answers|helps|picks up]
[Sorry|Apologies] for [the trouble|bothering you|my English]
[I look|Looking] forward to [your answer|hearing from you]
[My husband|My wife|My son] [told me to write|found it|is upset too]
[I have nothing|There is nothing] else to add
[If not|Otherwise], I [will leave|change banks]
The [staff|branch] in {xcity} [could not help|was kind|is closed]
[Have|Wish you] a [nice|good] day
[I do not|I don't] understand [this|it] at all
[That's all|That is all][ for now|]
[I trust you|I count on you]
"""

EXTRA = dict(amount=AMOUNT, party=PARTY, card=CARD, date=DATE)
