"""Names in many alphabets, and which name, address and phone number a contact's number stands for.

Stateless: ``naming(n)`` gives contact n the same names, alone or among millions, and no two
contacts the same e-mail address or phone number.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import NamedTuple

from contacts.values import fold

SEED = 20261122
# Letters that folding leaves as they are.
_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ə": "e"})
_SHUFFLE = 7919  # a prime that divides no product of two lists below


class Name(NamedTuple):
    """A name as written, and in letters that fit an e-mail address."""

    text: str
    latin: str


class Naming(NamedTuple):
    """Who contact n is."""

    first: Name
    last: Name
    email: str
    phone: str
    language: str
    country: str


@dataclass(frozen=True, slots=True)
class Place:
    """A country: of a hundred contacts ``share`` come from here.

    Names are parted by commas; "Олена=olena" also says how to write the name in an address.
    ``phone``: a prefix no operator has, and how many digits follow it.
    """

    country: str
    language: str
    share: int
    phone: tuple[str, int]
    providers: str
    first: str
    last: str
    names: tuple[tuple[Name, ...], tuple[Name, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", (_names(self.first), _names(self.last)))


def _names(text: str) -> tuple[Name, ...]:
    parts = (part.strip().partition("=") for part in text.split(","))
    return tuple(Name(name, latin or slug(name)) for name, _, latin in parts)


def slug(text: str) -> str:
    """Return text in the letters and digits of an e-mail address."""
    return re.sub(r"[^a-z0-9]", "", fold(text).translate(_LATIN))


PLACES = (
    Place(
        "GB",
        "en",
        42,
        ("+4410", 8),
        "letterbox,ivybank,northbridge,quayside,millpond,kestrelpost,oldmill,postbox",
        """Olivia, Amelia, Isla, Ava, Grace, Freya, Florence, Poppy, Ella, Rosie, Sienna, Daisy,
        Phoebe, Alice, Ruby, Harriet, Imogen, Beatrice, Nancy, Eleanor, Gwen, Cerys, Ffion, Catrin,
        Eilidh, Morag, Oliver, George, Arthur, Noah, Leo, Oscar, Archie, Freddie, Henry, Theo,
        Alfie, Jude, Rupert, Hugh, Callum, Rhys, Gethin, Ewan, Fergus, Amara, Kwame, Chidi, Zainab,
        Imran, Priya, Arjun, Mei, Tariq, Yasmin, Winston, Marcia, Dev, Anaya, Idris""",
        """Smith, Jones, Taylor, Brown, Williams, Wilson, Johnson, Davies, Patel, Robinson, Wright,
        Thompson, Evans, Walker, White, Roberts, Green, Hall, Wood, Jackson, Clarke, Khan, Lewis,
        Harris, Cooper, King, Lee, Baker, Harrison, Morgan, Allen, James, Scott, Phillips, Watson,
        Davis, Parker, Price, Bennett, Young, Griffiths, Mitchell, Kelly, Cook, Carter, Richardson,
        Bailey, Collins, Bell, Shaw, Murphy, Miller, Cox, Marshall, Anderson, Ellis, Adams, Foster,
        Hughes, Pritchard, Langley, Ashworth, Whitfield, Okafor, Mensah, Begum, Hussain, Sharma,
        Singh, Campbell, Fraser, MacLeod, Sinclair, Penrose, Trevithick, Llewellyn, Fairchild,
        Thornbury, Hawksworth""",
    ),
    Place(
        "PL",
        "pl",
        12,
        ("+4810", 7),
        "pismo,skrzynka,listonosz,kurierek",
        """Zofia, Zuzanna, Hanna, Maja, Julia, Oliwia, Wiktoria, Małgorzata, Agnieszka, Katarzyna,
        Joanna, Aleksandra, Łucja, Jagoda, Bożena, Grażyna, Elżbieta, Danuta, Jan, Antoni, Jakub,
        Szymon, Franciszek, Stanisław, Michał, Paweł, Krzysztof, Tomasz, Wojciech, Mikołaj, Łukasz,
        Grzegorz, Zbigniew, Józef, Marek, Bartłomiej, Sławomir""",
        """Nowak, Wójcik, Mazur, Krawczyk, Kaczmarek, Woźniak, Dudek, Zając, Wróbel, Król,
        Wieczorek, Stępień, Pawlak, Michalak, Sikora, Baran, Duda, Szewczyk, Pietrzak, Bąk, Włodarczyk,
        Chmiel, Gołąb, Ziółko, Kłos, Świątek, Żak, Rogóż, Skiba, Kołodziej, Marciniak, Kubiak, Gajda,
        Mróz, Tokarz, Żurek, Sowa""",
    ),
    Place(
        "DE",
        "de",
        10,
        ("+4910", 9),
        "postfach,briefkasten,eilpost,nordlicht",
        """Anna, Lena, Hannah, Mia, Emilia, Clara, Frieda, Ida, Greta, Jule, Käthe, Wiebke, Birgit,
        Sabine, Ursula, Jonas, Lukas, Felix, Maximilian, Paul, Emil, Anton, Jörg, Jürgen, Götz,
        Björn, Uwe, Matthias, Kemal, Aylin, Svenja, Torsten, Rüdiger""",
        """Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Wagner, Becker, Schulz, Hoffmann,
        Schäfer, Koch, Bauer, Richter, Klein, Wolf, Schröder, Neumann, Schwarz, Zimmermann, Krüger,
        Hartmann, Lange, Köhler, Großmann, Weiß, Vogt, Jäger, Böhm, Brandt, Günther, Lorenz, Yılmaz,
        Öztürk, Kühn""",
    ),
    Place(
        "FR",
        "fr",
        4,
        ("+3300", 7),
        "facteur,courrier,boitealettres",
        """Chloé, Camille, Léa, Manon, Inès, Zoé, Anaïs, Élodie, Françoise, Hélène, Agnès, Noémie,
        Lucas, Hugo, Théo, Gabriel, Raphaël, Jérôme, François, Benoît, Loïc, Rémi, Étienne""",
        """Martin, Bernard, Dubois, Thomas, Robert, Petit, Durand, Leroy, Moreau, Lefèvre, Garnier,
        Faure, Rousseau, Fournier, Girard, Mercier, Dupré, Chevalier, Marchetti, Gauthier, Benali,
        Hébert, Noël, Béranger, L'Hermite""",
    ),
    Place(
        "ES",
        "es",
        3,
        ("+3410", 7),
        "cartero,buzon",
        """Lucía, Sofía, Martina, María, Inés, Begoña, Nuria, Ángela, Rocío, Mateo, Hugo, Martín,
        Álvaro, Íñigo, Óscar, José, Joaquín, Ramón, Andrés""",
        """García, Fernández, González, Rodríguez, López, Martínez, Sánchez, Pérez, Gómez, Muñoz,
        Álvarez, Jiménez, Ibáñez, Núñez, Peña, Ortuño, Zubizarreta, de la Cruz""",
    ),
    Place(
        "IE",
        "en",
        4,
        ("+35320", 7),
        "ballinapost,shannonpost,liffeymail",
        """Aoife, Saoirse, Niamh, Ciara, Róisín, Sinéad, Gráinne, Siobhán, Orla, Clodagh, Liam, Conor,
        Cillian, Oisín, Fionn, Pádraig, Tadhg, Declan, Eoin, Darragh, Ruairí""",
        """Murphy, Kelly, O'Sullivan, Walsh, O'Brien, Byrne, Ryan, O'Connor, O'Neill, O'Reilly, Doyle,
        McCarthy, Gallagher, Doherty, Kennedy, Lynch, Murray, Quinn, O'Rourke, Brennan, Ní Dhomhnaill,
        Ó Súilleabháin""",
    ),
    Place(
        "PT",
        "pt",
        2,
        ("+35110", 7),
        "marisma,caixapostal",
        "Sofia, Beatriz, Leonor, Inês, Mafalda, Conceição, João, Gonçalo, Tomás, Simão, Estêvão",
        "Almeida, Silva, Santos, Ferreira, Gonçalves, Simões, Magalhães, Araújo, Conceição, Leitão",
    ),
    Place(
        "IT",
        "it",
        2,
        ("+3910", 8),
        "cassetta,bottega",
        "Giulia, Chiara, Aurora, Noemi, Ilaria, Lorenzo, Niccolò, Matteo, Davide, Giosuè, Tommaso",
        "Rossi, Russo, Ferrari, Esposito, Bianchi, Romano, Ricci, Marino, D'Angelo, Nicolò, Fabbri",
    ),
    Place(
        "CZ",
        "cs",
        2,
        ("+42010", 7),
        "schranka,dopisy",
        "Tereza, Eliška, Kateřina, Lucie, Jiří, Tomáš, Ondřej, Matěj, Václav, Šimon, Zdeněk",
        "Krejčí, Jirků, Martinů, Petrů, Janů, Kočí, Dolejší, Tichý, Hájků, Svatoš, Lacina",
    ),
    Place(
        "SE",
        "sv",
        2,
        ("+46100", 6),
        "kumlapost,sommarbrev",
        "Ingrid, Astrid, Åsa, Linnéa, Märta, Elsa, Jonas, Björn, Göran, Håkan, Östen, Måns, Nils",
        "Lindqvist, Andersson, Öberg, Åkesson, Sjöström, Björk, Hägglund, Nyström, Ek, Löfgren, Ahl",
    ),
    Place(
        "NO",
        "no",
        2,
        ("+4710", 6),
        "vinterpost,snobrev",
        "Ingrid, Solveig, Åse, Ragnhild, Bjørg, Henrik, Øyvind, Håkon, Torbjørn, Sindre, Bård",
        "Solberg, Dahl, Hansen, Bjørnstad, Ødegård, Sæther, Haugen, Lunde, Nygård, Fossum, Strøm",
    ),
    Place(
        "TR",
        "tr",
        2,
        ("+9010", 8),
        "postakutusu,mektup",
        "Elif, Zeynep, Ayşe, Çiğdem, Gülşen, Ebru, İpek, Emre, Ömer, Barış, Çağlar, Oğuz, Işık",
        "Yıldız, Şahin, Çelik, Öztürk, Doğan, Kılıç, Aslan, Koç, Aydın, Güneş, Taş, Ünal, Erdoğdu",
    ),
    Place(
        "UA",
        "uk",
        3,
        ("+38010", 7),
        "poshta,lystonosha",
        """Олена=olena, Оксана=oksana, Наталія=nataliia, Ірина=iryna, Соломія=solomiia,
        Ганна=hanna, Тарас=taras, Андрій=andrii, Олег=oleh, Богдан=bohdan, Юрій=yurii,
        Євген=yevhen, Ярослав=yaroslav""",
        """Шевченко=shevchenko, Коваленко=kovalenko, Бондаренко=bondarenko, Ткаченко=tkachenko,
        Кравченко=kravchenko, Олійник=oliinyk, Мельник=melnyk, Гончар=honchar, Лисенко=lysenko,
        Поліщук=polishchuk, Їжак=yizhak, Савчук=savchuk""",
    ),
    Place(
        "GR",
        "el",
        1,
        ("+3010", 8),
        "tachydromeio",
        """Γιώργος=giorgos, Δημήτρης=dimitris, Νίκος=nikos, Κώστας=kostas, Γιάννης=giannis,
        Σπύρος=spyros, Χρήστος=christos""",
        """Παπαδόπουλος=papadopoulos, Οικονόμου=oikonomou, Γεωργίου=georgiou, Νικολάου=nikolaou,
        Ιωάννου=ioannou, Αλεξίου=alexiou, Βασιλείου=vasileiou""",
    ),
    Place(
        "IL",
        "he",
        1,
        ("+97210", 7),
        "doar",
        "נועה=noa, תמר=tamar, יעל=yael, מאיה=maya, איתי=itay, אורי=uri, דניאל=daniel, עידו=ido",
        "כהן=cohen, לוי=levi, מזרחי=mizrahi, פרץ=peretz, ביטון=biton, פרידמן=friedman, אזולאי=azoulay",
    ),
    Place(
        "SA",
        "ar",
        2,
        ("+96610", 7),
        "sunduq,barid",
        """نور=noor, ليلى=layla, فاطمة=fatima, مريم=maryam, سلمى=salma, أحمد=ahmad, محمد=mohammed,
        يوسف=yousef, عمر=omar, خالد=khalid, هدى=huda""",
        """حداد=haddad, الخطيب=alkhatib, النجار=alnajjar, منصور=mansour, الحسن=alhassan,
        صالح=saleh, العلي=alali, درويش=darwish, قاسم=qasim""",
    ),
    Place(
        "IN",
        "hi",
        1,
        ("+9110", 8),
        "dakghar",
        "प्रिया=priya, अनन्या=ananya, कविता=kavita, मीरा=meera, राहुल=rahul, अर्जुन=arjun, विक्रम=vikram",
        "शर्मा=sharma, वर्मा=verma, गुप्ता=gupta, सिंह=singh, मिश्रा=mishra, जोशी=joshi, अय्यर=iyer",
    ),
    Place(
        "CN",
        "zh",
        1,
        ("+8610", 9),
        "youxiang",
        "伟=wei, 芳=fang, 娜=na, 敏=min, 静=jing, 秀英=xiuying, 磊=lei, 洋=yang, 艳=yan, 子涵=zihan",
        "王=wang, 李=li, 张=zhang, 刘=liu, 陈=chen, 杨=yang, 赵=zhao, 黄=huang, 周=zhou, 欧阳=ouyang",
    ),
    Place(
        "JP",
        "ja",
        1,
        ("+8110", 8),
        "yubin",
        "花=hana, 葵=aoi, 陽菜=hina, さくら=sakura, 蓮=ren, 大翔=hiroto, 健=ken, 結衣=yui, 翔太=shota",
        "佐藤=sato, 鈴木=suzuki, 高橋=takahashi, 田中=tanaka, 渡辺=watanabe, 伊藤=ito, 山本=yamamoto",
    ),
    Place(
        "VN",
        "vi",
        1,
        ("+8410", 7),
        "senhong",
        "Bảo, Linh, Hương, Thảo, Minh, Đức, Quỳnh, Tuấn, Ngọc, Phúc",
        "Nguyễn, Trần, Lê, Phạm, Hoàng, Vũ, Đặng, Bùi, Đỗ, Hồ",
    ),
    Place(
        "GH",
        "en",
        2,
        ("+23310", 7),
        "akwaaba,adinkra",
        "Akosua, Ama, Efua, Abena, Grace, Kwame, Kofi, Yaw, Kojo, Kwabena, Esi, Adjoa",
        "Mensah, Owusu, Boateng, Asante, Agyeman, Osei, Appiah, Antwi, Ofori, Achieng, Darko",
    ),
)


@lru_cache(maxsize=1)
def _slots() -> tuple[tuple[Place, int], ...]:
    """Return for each of a hundred contacts in a row the place, and which of its contacts it is."""
    places = [place for place in PLACES for _ in range(place.share)]
    Random(SEED).shuffle(places)
    seen: dict[str, int] = {}
    slots = []
    for place in places:
        slots.append((place, seen.setdefault(place.country, 0)))
        seen[place.country] += 1
    return tuple(slots)


def naming(number: int) -> Naming:
    """Return names, address and phone number of contact ``number``, counted from 0."""
    place, which = _slots()[number % 100]
    own = number // 100 * place.share + which  # the own-th contact from this place
    firsts, lasts = place.names
    turn, pair = divmod(own, len(firsts) * len(lasts))
    pair = pair * _SHUFFLE % (len(firsts) * len(lasts))
    first, last = firsts[pair % len(firsts)], lasts[pair // len(firsts)]
    return Naming(
        first,
        last,
        _email(place, first.latin, last.latin, turn, own),
        _phone(place, own),
        place.language,
        place.country,
    )


def _email(place: Place, first: str, last: str, turn: int, own: int) -> str:
    """Each way to write it has a sign of its own, so that two names never make one address."""
    providers = place.providers.split(",")
    provider = providers[own // 7 % len(providers)]
    style = own % 5
    if style == 0 and turn == 0:
        return f"{first}@{last}-{place.country.lower()}.example"
    local = f"{last}_{first}" if style == 1 else f"{first}.{last}"
    return f"{local}{turn + 1 if turn else ''}@{provider}.example"


def _phone(place: Place, own: int) -> str:
    prefix, digits = place.phone
    return f"{prefix}{(own + 1) * 7_368_787 % 10**digits:0{digits}}"
