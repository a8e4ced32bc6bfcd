# ruff: noqa: RUF001 (letters of other scripts that look like Latin ones)
"""Frequent function words (articles, prepositions, pronouns, forms of "to be") by tesseract's codes of languages.

In running text they are a fifth to a half of the words. A word that several languages share stands with each of them.
"""

FUNCTION_WORDS: dict[str, str] = {
    # --- Latin ---
    "afr": (
        "die van en in is het dat wat vir op te nie met hy sy ek ons hulle aan by was word deur na uit sal kan "
        "moet ook maar as om tot oor jy my haar so sou een hierdie daar"
    ),
    "sqi": (
        "e të në i dhe për me që nga një është si do u ka por kjo ky janë kishte më nuk ishte mund edhe ose kur "
        "pas deri tek"
    ),
    "aze": (
        "və bu bir ilə üçün da də o ki olan ən var daha çox kimi sonra həm isə edir olur onun hər amma ya öz deyil idi"
    ),
    "eus": (
        "eta da bat ez du ere dira zen baina izan zuen hau dute bere edo egin dituzte gabe arte baino zuten hori den"
    ),
    "bos": "i u je na se da za su od s a koji kao sa iz ne to ili bi po što do koja nije bio ali samo prema biti te",
    "bre": "ar an ha da en er eus a e gant ur un hag zo oa war evit eo pe ma bet ne na dre o deus",
    "cat": (
        "de la i que el en a les per del un una amb es els no al ha més com són va o seu aquest dels però també "
        "entre quan seva aquesta pel ser era sobre molt"
    ),
    "ceb": "ang sa og nga mga si ni usa ug kay dili kini siya ako iya ila kung adunay aron kaniya kanila niini",
    "ces": (
        "a v se na je že o s z do i to k za pro jako by ale si jsou po od který podle byl bylo jen také může "
        "které své ve nebo aby při která jeho bude už není před než jsem tak ze"
    ),
    "cym": "y yr a yn i o ar ei mae ac wedi gan am bod sydd oedd hyn fel ond nid dim eu gyda at bydd neu hon hwn",
    "dan": (
        "og i at det er en til af på for med den de som ikke der har et om var men fra vi kan han ud så vil sig "
        "her eller ved efter sin alle også under blev jeg skal hvor nu mig meget hende bliver mere noget"
        " fordi hvis os have blive nogen"
    ),
    "deu": (
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
        "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber "
        "vor zur bis mehr durch wurde wir ich ihr sein ihre seine kann wenn da man keine unter gegen worden"
    ),
    "eng": (
        "the of and to in a is that for it as was with be by on not he his this are or at from which you have an "
        "had they her she we but were been has their would will there can all if who when more no so what said "
        "its into any may shall our your these those than other such then do must me my"
    ),
    "epo": (
        "la kaj de en estas al ne por ke mi li ĝi kun sed aŭ ili ni vi el kiu estis tiu per pri kiel sur ĉi oni "
        "pli ankaŭ"
    ),
    "est": (
        "ja on ei et see oma ka kui oli ning mis aga või seda kes selle nii siis mille välja ta ma nad meie olid "
        "pole mida juba veel pärast kuid need kus"
    ),
    "fao": (
        "og í at er til á av fyri við ikki sum hevur eru tað hann ein frá men var eisini teir so hjá hon tey um úr"
    ),
    "fil": (
        "ang ng sa na mga at ay si ni hindi isang ito siya para kung may nang niya ako rin sila kanyang mula dahil din"
    ),
    "fin": (
        "ja on ei se että oli hän joka ovat mutta kun niin myös kuin tai sen vain jos ole nyt mitä siitä ollut "
        "sitä hänen jotka kaikki voi mukaan kanssa sekä jo mikä tämä hänelle minä olen eivät sitten vielä"
    ),
    "fra": (
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou "
        "son sa aux cette d l mais comme on nous vous leur été ont ses être elle deux même ces fait entre sans je "
        "sous peut tout était"
    ),
    "fry": (
        "de en fan it in is yn dat te net op foar mei oan by hy har wie sy as ek ta wurdt om út mar der hat binne nei"
    ),
    "gla": "agus an a air na tha gu ann do e i le am bha gun aig chan mar ach seo sin iad bho às nach no",
    "gle": "agus an na ar a go i is do le tá sé sí bhí ach ní mar seo sin leis ag as gur chun nach ó iad níl faoi",
    "glg": (
        "de e a o que do da en un unha os as non por para con no na se é máis como dos das foi pero ao á seu súa "
        "tamén este ou está só cando moi pola polo nos ten"
    ),
    "hat": "nan yo ki li pou ak se la yon te ap sou pa fè ou nou sa tou men oswa avèk moun gen kote lè",
    "hrv": (
        "i u je na se da za od su s o kao a iz ne koji to bi ili ali što po do koja bio samo prema koje nije te "
        "biti sve može tijekom"
    ),
    "hun": (
        "a az és hogy nem is egy ez de meg csak van mint volt el ki már azt vagy még minden ha be fel lehet amely "
        "ezt után kell ennek pedig sem én ő mert ami során által szerint"
    ),
    "ind": (
        "yang dan di dari untuk dengan pada ini dalam adalah tidak itu akan oleh sebagai atau juga ke telah dapat "
        "mereka karena bisa tersebut bahwa saya kami lebih ada seperti sudah"
    ),
    "isl": (
        "og að í á er sem til við um af fyrir það ekki hann en var með eru hún ég þetta þegar þá frá eða verið "
        "hefur því þeir"
    ),
    "ita": (
        "di e il la che in a per un è del non una sono della con si da come le dei nel al i alla più anche gli lo "
        "ha dal nella delle questo su ma se o sua suo degli essere stato fra tra questa ogni ai sul sia era ed ci "
        "mi"
    ),
    "jav": (
        "ing lan kang sing saka iku ana karo ora iki dadi kanggo marang menyang kasebut uga dening wis dheweke "
        "yaiku bisa"
    ),
    "kmr": "û li ku ji bi ya di de jî ew bû ev ê yê her na wek ne hat e wan dike bo xwe ser",
    "lat": (
        "et in est non ad ut cum quod qui ex sed si de aut quae esse enim ab per hoc atque autem ac sunt nec ne "
        "quam eius fuit erat etiam quo"
    ),
    "lav": "un ir ar no uz par ka kas tas arī bet to nav vai kā pēc tiek lai līdz bija viņš šo ja pie kad var tā",
    "lit": (
        "ir yra kad su į iš tai kaip bet ne jo už nuo apie buvo arba dėl prie šį po jis jie mes per o tik jau kuris"
    ),
    "ltz": (
        "de an vun den ass a fir op mat dat ze et net der och déi sech huet ginn bei vum zu awer wéi nach um hunn "
        "sinn dem eng en si er"
    ),
    "mlt": (
        "u li ta il dan din fuq minn biex ma tal jew kien hija huma kif dawn hu għal fil iżda kienet mhux għandu "
        "bil tan"
    ),
    "mri": "te o ki i ko ka ngā he e nga ana ia me kei tona hoki rātou mō mai nei kua tēnei ā engari",
    "msa": (
        "yang dan di dari untuk dengan pada ini dalam ialah adalah tidak itu akan oleh sebagai atau juga ke telah "
        "boleh mereka kerana tersebut bahawa saya kami lebih ada seperti sudah"
    ),
    "nld": (
        "de van een en het in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog naar "
        "heeft hij ze die door wordt over wel deze werd kan tot worden hun dit was ik je geen haar moet we"
    ),
    "nor": (
        "og i det er på til som en å for av at med har de ikke den om et fra men var vi seg kan jeg så ble skal "
        "han eller ved etter også blir være dette mot nå der alle under hun ut henne bli oss mer noe fordi hvis"
    ),
    "oci": (
        "de la e lo que los en per un una del las es dins amb a se al als son mai dels pas aquel aquò tanben o foguèt"
    ),
    "pol": (
        "w i na z się do nie że to jest o od za po przez jak dla który ale oraz co są tym tego być już jego może "
        "tak także przed lub ich jako był było która które ze nad jej gdy tylko aby pod"
    ),
    "por": (
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à "
        "seu sua ou ser quando muito há nos já está eu também só pelo pela até isso são aos este esta"
    ),
    "que": (
        "mi kay kaypi chay manam ima chaymi hinaspa ñawpaq kan kanku hina manan chaypi ichaqa paypa runakuna chaymanta"
    ),
    "ron": (
        "de și în a la cu pe nu o din că un pentru se este ce mai care sunt ca fi au prin dar al lui sau fost "
        "acest după ale ei unei unui iar era această când sa să"
    ),
    "slk": (
        "a v sa na je že o s z do i to k za pre ako by ale si sú po od ktorý podľa bol bolo len tiež môže ktoré "
        "vo alebo aby pri ktorá jeho bude už nie pred než som tak zo"
    ),
    "slv": (
        "in je v na se da za so z ki ne pa po bi kot od tudi ali ni iz pri še že bil bilo tem s ter sem kjer bo "
        "do lahko"
    ),
    "spa": (
        "de la que el en y a los del se las por un para con no una su al lo como más o pero sus le ha me si sin "
        "sobre este ya entre cuando todo esta ser son dos también fue había era muy hasta desde está es han sido "
        "donde"
    ),
    "srp_latn": (
        "i u je na se da za su od s a koji kao sa iz ne to ili bi po što do koja nije bio ali samo prema će biti ove"
    ),
    "sun": "nu jeung di ti ka anu ku teu dina pikeun éta jadi nya ieu geus atawa aya mah ngan lain oge sarta keur",
    "swa": (
        "na ya wa kwa ni katika la za kuwa cha hii huo hayo yake si lakini kama alikuwa pia au watu hiyo baada "
        "kwamba wao mwaka ili"
    ),
    "swe": (
        "och i att det som en på är av för med den till inte har de ett om var men från vi så kan när han ut "
        "skulle nu sig här där eller vid efter sin alla också under hade jag ska mot hon blev mycket"
    ),
    "ton": "ko e ki he ha ne i mo kuo na oku ia pea kau nau ka ke mei ikai hono koe",
    "tur": (
        "ve bir bu da de için ile o çok olarak daha gibi en var ne olan sonra kadar ama değil ki her ya veya göre "
        "olduğu ancak tarafından biz ben onun ise mi hem"
    ),
    "uzb": "va bu bilan uchun bir ham u edi da kerak esa qilish yoki har keyin deb emas uning",
    "vie": (
        "và của là có trong được các cho một không với này những đã người khi từ để đến về theo tại như ra cũng ở "
        "vào nhưng"
    ),
    "yor": "ni ti ati awọn naa ní tí náà pé àwọn sì kan ń fún láti ó bá wọn àti wà kò ilẹ nínú",
    # --- Cyrillic ---
    "bel": "і у на не з што да ён як гэта але яго за па ад для так быў або яны пры які было мы ва ці яе таксама",
    "bul": "на и да в е за се от не с по че са като това до ще или но при го към който беше има през ни те тази",
    "kaz": "және бұл мен бір үшін деп да де ол осы еді болып туралы емес бар кейін қазақ сол оның болды арқылы",
    "kir": "жана бул менен бир үчүн деп да де ал ошол эле болуп тууралуу эмес бар кийин анын болгон аркылуу",
    "mkd": "на и да во се од за е со не ќе го ги што како тоа по но или до беше има при која кои сите нив овој",
    "mon": "нь юм бол гэж байна энэ ба болон байсан бөгөөд тэр нэг хүн дээр болох гэсэн юу нас түүний хийх",
    "rus": (
        "и в не на я с что он по а как это но его к из у от о за же для она так все был бы или мы до при вы их во "
        "было если со только ещё когда под"
    ),
    "srp": "и у је на се да за су од с а који као са из не то или би по што до која није био али само према ће бити",
    "tat": "һәм бу белән өчен бер да дә ул иде дип булган түгел бар соң шул аның яки кебек",
    "tgk": "ва дар аз ба ки ин бо барои он аст буд ҳам шуд карда худ мекунад то вале бошад",
    "ukr": (
        "і в не на що з я до у він як за це та але від його про а є по був для й або які при було її вони так "
        "також ми щоб"
    ),
    "uzb_cyrl": "ва бу билан учун бир ҳам у эди бўлган да керак эса қилиш ёки ўз ҳар кейин кўп деб эмас унинг",
    # --- Greek ---
    "ell": "και το της του να η την ο τα για με που στο είναι δεν από τον σε οι στην θα των τη ως αλλά μια ένα",
    "grc": "καὶ δὲ τὸν τὴν τῶν τοῦ τῆς ὁ ἡ τὸ ἐν μὲν γὰρ οὐ εἰς τὰ τοῖς ὡς ἐκ πρὸς",
    # --- Arabic ---
    "ara": "في من على إلى أن هذا التي ما عن مع هذه لا كان الذي بعد أو كل قد بين لم ثم غير وقد هو هي كما وفي ذلك",
    "fas": "و در به از که این را با است برای آن یک خود تا شد بر هم نیز شود بود ها می آنها شده اما یا هر ما کرد",
    "kur": "و لە بە بۆ کە ئەو ئەم لەسەر دا یان بوو هەر وەک بەڵام نیە",
    "pus": "د په او چې ته له کې یې سره دی هم دا کړي شوي نه یو پر هغه خو",
    "snd": "جي جو کي جا سان ته آهي هن جيڪو هو اهو نه کان به تي",
    "uig": "ۋە بۇ بىلەن ئۈچۈن بىر دەپ مۇ ئۇ بولۇپ كېيىن قىلىش ئەمەس بار",
    "urd": "کے کی میں سے ہے اور کو کا نے پر اس یہ کہ ہیں ایک بھی وہ نہیں تھا گیا لیے ان ہو کر تھے",
    # --- Devanagari ---
    "hin": "के है में की और को का से एक पर यह हैं कि नहीं ने था भी इस वह तो हो लिए या कर थे अपने गया",
    "mar": "आहे आणि या च्या ते व हे असे होते तो ही आहेत त्या नाही मध्ये साठी केली का पण एक झाली",
    "nep": "छ को र मा यो छन् पनि एक ले भएको गरेको थियो लागि हो हुन् तथा तर वा त्यो गर्न",
    "san": "च न इति अपि तु वा एव सः तत् अस्ति यथा तथा हि ते तस्य किम्",
    # --- Hebrew ---
    "heb": "של את על לא הוא זה עם היא כי או גם אם כל אל מה יש היה אך זו אני בין הם אשר רק עד",
    "yid": "די און אין פֿון צו דער איז דאָס האָט ער זיך נישט מיט אױף װאָס אַ אַז",
}

# Languages that are alone in their script, or told apart there by other signs.
SCRIPT_OF_LANGUAGE: dict[str, str] = {
    **dict.fromkeys(FUNCTION_WORDS, "Latin"),
    **dict.fromkeys(
        ("bel", "bul", "kaz", "kir", "mkd", "mon", "rus", "srp", "tat", "tgk", "ukr", "uzb_cyrl", "aze_cyrl"),
        "Cyrillic",
    ),
    **dict.fromkeys(("ara", "fas", "kur", "pus", "snd", "uig", "urd"), "Arabic"),
    **dict.fromkeys(("hin", "mar", "nep", "san"), "Devanagari"),
    **dict.fromkeys(("heb", "yid"), "Hebrew"),
    **dict.fromkeys(("ell", "grc"), "Greek"),
    **dict.fromkeys(("chi_sim", "chi_tra"), "Han"),
    **dict.fromkeys(("asm", "ben"), "Bengali"),
    **dict.fromkeys(("amh", "tir"), "Ethiopic"),
    **dict.fromkeys(("bod", "dzo"), "Tibetan"),
    **dict.fromkeys(("cos", "enm", "frm", "frk"), "Latin"),
    "jpn": "Japanese",
    "kor": "Hangul",
    "chr": "Cherokee",
    "div": "Thaana",
    "guj": "Gujarati",
    "hye": "Armenian",
    "iku": "Canadian",
    "kan": "Kannada",
    "kat": "Georgian",
    "khm": "Khmer",
    "lao": "Lao",
    "mal": "Malayalam",
    "mya": "Myanmar",
    "ori": "Oriya",
    "pan": "Gurmukhi",
    "sin": "Sinhala",
    "syr": "Syriac",
    "tam": "Tamil",
    "tel": "Telugu",
    "tha": "Thai",
}
"""The script of each language that can be guessed, by its name in ``pdfbatch.work.language.find_script``."""
