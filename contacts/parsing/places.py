"""Names of countries and languages: English, Polish, German, their own, and codes of three letters.

Names are parted by commas. They are compared without accents and punctuation, so each needs one
spelling only.
"""

COUNTRY_NAMES = {
    "AE": (
        "United Arab Emirates, Zjednoczone Emiraty Arabskie, "
        "Vereinigte Arabische Emirate, UAE, ARE, الإمارات"
    ),
    "AR": "Argentina, Argentyna, Argentinien, ARG",
    "AT": "Austria, Österreich, Oesterreich, AUT",
    "AU": "Australia, Australien, AUS",
    "BE": "Belgium, Belgia, Belgien, België, Belgique, BEL",
    "BG": "Bulgaria, Bułgaria, Bulgarien, България, BGR",
    "BR": "Brazil, Brazylia, Brasilien, Brasil, BRA",
    "BY": "Belarus, Białoruś, Weißrussland, Беларусь, BLR",
    "CA": "Canada, Kanada, CAN",
    "CH": "Switzerland, Szwajcaria, Schweiz, Suisse, Svizzera, CHE",
    "CL": "Chile, CHL",
    "CN": "China, Chiny, 中国, 中國, People's Republic of China, CHN",
    "CO": "Colombia, Kolumbia, Kolumbien, COL",
    "CY": "Cyprus, Cypr, Zypern, Κύπρος, Kıbrıs, CYP",
    "CZ": (
        "Czech Republic, Czechia, Czechy, Republika Czeska, Tschechien, "
        "Tschechische Republik, Česko, Česká republika, CZE"
    ),
    "DE": (
        "Germany, Niemcy, Deutschland, Federal Republic of Germany, "
        "Bundesrepublik Deutschland, DEU, GER"
    ),
    "DK": "Denmark, Dania, Dänemark, Danmark, DNK",
    "EE": "Estonia, Estland, Eesti, EST",
    "EG": "Egypt, Egipt, Ägypten, مصر, EGY",
    "ES": "Spain, Hiszpania, Spanien, España, ESP",
    "FI": "Finland, Finlandia, Finnland, Suomi, FIN",
    "FR": "France, Francja, Frankreich, FRA",
    "GB": (
        "United Kingdom, Wielka Brytania, Vereinigtes Königreich, Großbritannien, "
        "Great Britain, UK, Zjednoczone Królestwo, England, Anglia, Scotland, Szkocja, "
        "Schottland, Wales, Walia, Northern Ireland, GBR, "
        "United Kingdom of Great Britain and Northern Ireland"
    ),
    "GR": "Greece, Grecja, Griechenland, Ελλάδα, Hellas, GRC, EL",
    "HK": "Hong Kong, Hongkong, 香港, HKG",
    "HR": "Croatia, Chorwacja, Kroatien, Hrvatska, HRV",
    "HU": "Hungary, Węgry, Ungarn, Magyarország, HUN",
    "ID": "Indonesia, Indonezja, Indonesien, IDN",
    "IE": "Ireland, Irlandia, Irland, Éire, Republic of Ireland, IRL",
    "IL": "Israel, Izrael, ישראל, ISR",
    "IN": "India, Indie, Indien, भारत, Bharat, IND",
    "IS": "Iceland, Islandia, Island, Ísland, ISL",
    "IT": "Italy, Włochy, Italien, Italia, ITA",
    "JP": "Japan, Japonia, 日本, 日本国, Nippon, JPN",
    "KE": "Kenya, Kenia, KEN",
    "KR": "South Korea, Korea Południowa, Südkorea, Republic of Korea, Korea, 대한민국, 한국, KOR",
    "LI": "Liechtenstein, LIE",
    "LT": "Lithuania, Litwa, Litauen, Lietuva, LTU",
    "LU": "Luxembourg, Luksemburg, Luxemburg, Lëtzebuerg, LUX",
    "LV": "Latvia, Łotwa, Lettland, Latvija, LVA",
    "MA": "Morocco, Maroko, Marokko, Maroc, المغرب, MAR",
    "MD": "Moldova, Mołdawia, Moldau, Republic of Moldova, MDA",
    "MT": "Malta, MLT",
    "MX": "Mexico, Meksyk, Mexiko, México, MEX",
    "MY": "Malaysia, Malezja, MYS",
    "NG": "Nigeria, NGA",
    "NL": (
        "Netherlands, The Netherlands, Holandia, Niderlandy, Niederlande, Nederland, Holland, NLD"
    ),
    "NO": "Norway, Norwegia, Norwegen, Norge, Noreg, NOR",
    "NZ": "New Zealand, Nowa Zelandia, Neuseeland, Aotearoa, NZL",
    "PE": "Peru, Perú, PER",
    "PH": "Philippines, Filipiny, Philippinen, Pilipinas, PHL",
    "PK": "Pakistan, پاکستان, PAK",
    "PL": "Poland, Polska, Polen, Rzeczpospolita Polska, Republic of Poland, Pologne, POL",
    "PT": "Portugal, Portugalia, PRT",
    "RO": "Romania, Rumunia, Rumänien, România, ROU",
    "RS": "Serbia, Serbien, Srbija, Србија, SRB",
    "RU": "Russia, Rosja, Russland, Россия, Russian Federation, Российская Федерация, RUS",
    "SA": "Saudi Arabia, Arabia Saudyjska, Saudi-Arabien, السعودية, SAU",
    "SE": "Sweden, Szwecja, Schweden, Sverige, SWE",
    "SG": "Singapore, Singapur, SGP",
    "SI": "Slovenia, Słowenia, Slowenien, Slovenija, SVN",
    "SK": "Slovakia, Słowacja, Slowakei, Slovensko, Slovak Republic, SVK",
    "TH": "Thailand, Tajlandia, ประเทศไทย, ไทย, THA",
    "TR": "Turkey, Turcja, Türkei, Türkiye, TUR",
    "TW": "Taiwan, Tajwan, 台灣, 臺灣, TWN",
    "UA": "Ukraine, Ukraina, Україна, UKR",
    "US": (
        "United States, United States of America, USA, Stany Zjednoczone, "
        "Vereinigte Staaten, Stany Zjednoczone Ameryki, Vereinigte Staaten von Amerika, "
        "Estados Unidos, U.S., U.S.A."
    ),
    "VN": "Vietnam, Wietnam, Viet Nam, Việt Nam, VNM",
    "ZA": "South Africa, Republika Południowej Afryki, RPA, Südafrika, Suid-Afrika, ZAF",
}

LANGUAGE_NAMES = {
    "ar": "Arabic, arabski, Arabisch, العربية, ara",
    "bg": "Bulgarian, bułgarski, Bulgarisch, български, bul",
    "ca": "Catalan, kataloński, Katalanisch, català, cat",
    "cs": "Czech, czeski, Tschechisch, čeština, ces, cze",
    "da": "Danish, duński, Dänisch, dansk, dan",
    "de": "German, niemiecki, Deutsch, język niemiecki, deu, ger",
    "el": "Greek, grecki, Griechisch, ελληνικά, ell, gre",
    "en": "English, angielski, Englisch, język angielski, eng",
    "es": "Spanish, hiszpański, Spanisch, español, castellano, spa",
    "et": "Estonian, estoński, Estnisch, eesti, est",
    "fi": "Finnish, fiński, Finnisch, suomi, fin",
    "fr": "French, francuski, Französisch, français, fra, fre",
    "ga": "Irish, irlandzki, Irisch, Gaeilge, gle",
    "he": "Hebrew, hebrajski, Hebräisch, עברית, heb, iw",
    "hi": "Hindi, हिन्दी, hin",
    "hr": "Croatian, chorwacki, Kroatisch, hrvatski, hrv",
    "hu": "Hungarian, węgierski, Ungarisch, magyar, hun",
    "id": "Indonesian, indonezyjski, Indonesisch, Bahasa Indonesia, ind",
    "is": "Icelandic, islandzki, Isländisch, íslenska, isl, ice",
    "it": "Italian, włoski, Italienisch, italiano, ita",
    "ja": "Japanese, japoński, Japanisch, 日本語, jpn, jp",
    "ko": "Korean, koreański, Koreanisch, 한국어, kor",
    "lt": "Lithuanian, litewski, Litauisch, lietuvių, lit",
    "lv": "Latvian, łotewski, Lettisch, latviešu, lav",
    "mt": "Maltese, maltański, Maltesisch, Malti, mlt",
    "nb": "Norwegian Bokmål, bokmål, nob",
    "nl": "Dutch, holenderski, niderlandzki, Niederländisch, Nederlands, nld, dut",
    "no": "Norwegian, norweski, Norwegisch, norsk, nor",
    "pl": "Polish, polski, Polnisch, język polski, po polsku, pol",
    "pt": "Portuguese, portugalski, Portugiesisch, português, por",
    "ro": "Romanian, rumuński, Rumänisch, română, ron, rum",
    "ru": "Russian, rosyjski, Russisch, русский, rus",
    "sk": "Slovak, słowacki, Slowakisch, slovenčina, slk, slo",
    "sl": "Slovenian, Slovene, słoweński, Slowenisch, slovenščina, slv",
    "sr": "Serbian, serbski, Serbisch, српски, srpski, srp",
    "sv": "Swedish, szwedzki, Schwedisch, svenska, swe",
    "th": "Thai, tajski, Thailändisch, ไทย, tha",
    "tr": "Turkish, turecki, Türkisch, Türkçe, tur",
    "uk": "Ukrainian, ukraiński, Ukrainisch, українська, ukr, ua",
    "vi": "Vietnamese, wietnamski, Vietnamesisch, Tiếng Việt, vie",
    "zh": "Chinese, chiński, Chinesisch, 中文, 汉语, 漢語, zho, chi",
}
