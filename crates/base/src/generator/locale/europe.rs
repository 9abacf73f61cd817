//! The European locales except English.

use fake::locales::{CY_GB, DE_DE, Data, FR_FR, IT_IT, NL_NL, PT_PT, TR_TR};

use super::super::layout::Layout;
use super::super::layout::Part::{First, Last, Number, Text, Word};
use super::{Line, Locale, Places, Style, WESTERN, names};

/// `Street 12, 12345 City`.
const STREET_POSTCODE_CITY: &[Line] =
    &[Line::Street, Line::Text(", "), Line::Postcode, Line::Text(" "), Line::City];
const FRENCH_TOWNS: &[&str] =
    &["-sur-Mer", "-la-Forêt", "-les-Bains", "-le-Château", "ville", "bourg"];
const LAST_AND_LAST: Layout = &[Last, Text(" & "), Last];

pub(super) fn german() -> Locale {
    let (first, last) = names::<DE_DE>(true);
    Locale {
        first,
        last,
        style: Style { before: &["Dr. ", "Prof. ", "Prof. Dr. ", "Dipl.-Ing. "], ..WESTERN },
        places: Places {
            street: &[
                &[Last, Word(DE_DE::ADDRESS_STREET_SUFFIX), Text(" "), Number(199)],
                &[First, Text("-"), Last, Text("-Straße "), Number(99)],
            ],
            city: &[
                &[Last, Word(DE_DE::ADDRESS_CITY_SUFFIX)],
                &[Last, Word(DE_DE::ADDRESS_CITY_SUFFIX)],
                &[Text("Bad "), Last, Word(DE_DE::ADDRESS_CITY_SUFFIX)],
            ],
            state: DE_DE::ADDRESS_STATE,
            postcode: &["1####", "2####", "3####", "4####", "5####", "6####", "7####", "8####"],
            country: &["Deutschland"],
            line: STREET_POSTCODE_CITY,
        },
        phone: &["+49 ^## ######", "+49 15# #######", "0^## ######", "0^### / #####"],
        company: &[&[Last, Text(" "), Word(DE_DE::COMPANY_SUFFIX)], LAST_AND_LAST],
        job: &[&[Word(&[
            "Ärztliche Leitung",
            "Buchhaltung",
            "Einkauf",
            "Entwicklung",
            "Forschung",
            "Geschäftsführung",
            "Kundendienst",
            "Lagerleitung",
            "Logistik",
            "Personalleitung",
            "Pflegedienst",
            "Produktion",
            "Projektleitung",
            "Rechtsabteilung",
            "Vertrieb",
        ])]],
    }
}

pub(super) fn french() -> Locale {
    let (first, last) = names::<FR_FR>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Dr ", "Me "], ..WESTERN },
        places: Places {
            street: &[&[
                Number(299),
                Text(" "),
                Word(FR_FR::ADDRESS_STREET_SUFFIX),
                Text(" "),
                First,
                Text(" "),
                Last,
            ]],
            city: &[
                &[Last, Word(FRENCH_TOWNS)],
                &[Text("Saint-"), First],
                &[Text("Saint-"), First, Word(FRENCH_TOWNS)],
            ],
            state: &["Bretagne", "Corse", "Grand Est", "Hauts-de-France", "Normandie", "Occitanie"],
            postcode: &["0^###", "1####", "2####", "3####", "4####", "5####", "6####", "7####"],
            country: FR_FR::ADDRESS_COUNTRY,
            line: STREET_POSTCODE_CITY,
        },
        phone: FR_FR::PHONE_NUMBER_FORMATS,
        company: &[
            &[Last, Word(&[" SA", " SARL", " SAS", " et Fils"])],
            &[Last, Text(" et "), Last],
        ],
        job: &[&[Word(&[
            "Analyste",
            "Architecte",
            "Comptable",
            "Ergothérapeute",
            "Fleuriste",
            "Gestionnaire",
            "Ingénieur système",
            "Journaliste",
            "Juriste",
            "Pilote",
            "Responsable logistique",
            "Secrétaire",
            "Urbaniste",
            "Vétérinaire",
        ])]],
    }
}

pub(super) fn italian() -> Locale {
    let (first, last) = names::<IT_IT>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Prof. ", "Avv. ", "Ing. "], ..WESTERN },
        places: Places {
            street: &[&[
                Word(IT_IT::ADDRESS_STREET_SUFFIX),
                Text(" "),
                Last,
                Text(" "),
                Number(199),
            ]],
            city: &[
                &[Text("San "), First],
                &[Text("Villa "), Last],
                &[Last, Text(" "), Word(IT_IT::ADDRESS_CITY_SUFFIX)],
            ],
            state: IT_IT::ADDRESS_STATE_ABBR,
            postcode: &["0####", "1####", "2####", "3####", "4####", "5####", "6####", "7####"],
            country: IT_IT::ADDRESS_COUNTRY,
            line: &[
                Line::Street,
                Line::Text(", "),
                Line::Postcode,
                Line::Text(" "),
                Line::City,
                Line::Text(" ("),
                Line::State,
                Line::Text(")"),
            ],
        },
        phone: IT_IT::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Text(" "), Word(IT_IT::COMPANY_SUFFIX)], &[Last, Text(" e "), Last]],
        job: &[&[Word(IT_IT::JOB_POSITION), Text(" "), Word(IT_IT::JOB_FIELD)]],
    }
}

pub(super) fn dutch() -> Locale {
    let (first, last) = names::<NL_NL>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Dr. ", "Prof. ", "Ing. "], ..WESTERN },
        places: Places {
            street: &[&[First, Word(NL_NL::ADDRESS_STREET_SUFFIX), Text(" "), Number(199)]],
            city: &[
                &[First, Word(NL_NL::ADDRESS_CITY_SUFFIX)],
                &[Text("Oud "), First, Word(NL_NL::ADDRESS_CITY_SUFFIX)],
            ],
            state: NL_NL::ADDRESS_STATE,
            postcode: &["^### $$"],
            country: NL_NL::ADDRESS_COUNTRY,
            line: STREET_POSTCODE_CITY,
        },
        phone: &["+31 ^# #######", "+31 6 ########", "06 ########"],
        company: &[&[Last, Word(&[" B.V.", " N.V.", " Groep", " en Zonen"])], LAST_AND_LAST],
        job: &[&[Word(NL_NL::JOB_POSITION), Text(" "), Word(NL_NL::JOB_FIELD)]],
    }
}

pub(super) fn portuguese() -> Locale {
    let (first, last) = names::<PT_PT>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Eng. "], after: &[" Neto", " Filho"], ..WESTERN },
        places: Places {
            street: &[&[
                Word(PT_PT::ADDRESS_STREET_SUFFIX),
                Text(" "),
                First,
                Text(" "),
                Last,
                Text(", "),
                Number(199),
            ]],
            city: &[
                &[Text("Vila "), Last],
                &[Text("São "), First],
                &[Last, Text(" "), Word(PT_PT::ADDRESS_CITY_SUFFIX)],
            ],
            state: PT_PT::ADDRESS_STATE,
            postcode: &["^###-###"],
            country: PT_PT::ADDRESS_COUNTRY,
            line: STREET_POSTCODE_CITY,
        },
        phone: PT_PT::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Text(" "), Word(PT_PT::COMPANY_SUFFIX)], &[Last, Text(" e "), Last]],
        job: &[&[Word(PT_PT::JOB_POSITION), Text(" "), Word(PT_PT::JOB_FIELD)]],
    }
}

pub(super) fn welsh() -> Locale {
    let (first, last) = names::<CY_GB>(false);
    Locale {
        first,
        last,
        style: WESTERN,
        places: Places {
            street: &[&[
                Number(199),
                Text(" "),
                Word(CY_GB::ADDRESS_STREET_SUFFIX),
                Text(" "),
                Last,
            ]],
            city: &[&[Text("Llan"), First], &[Text("Aber"), First], &[Text("Tre"), Last]],
            state: &[
                "Ceredigion",
                "Conwy",
                "Gwynedd",
                "Powys",
                "Sir Benfro",
                "Sir Gâr",
                "Ynys Môn",
            ],
            postcode: &["CF^# #$$", "LL^# #$$", "SA^# #$$"],
            country: CY_GB::ADDRESS_COUNTRY,
            line: &[Line::Street, Line::Text(", "), Line::City, Line::Text(" "), Line::Postcode],
        },
        phone: CY_GB::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Word(&[" Cyf", " CCC", " a'i Feibion"])], &[Last, Text(" a "), Last]],
        job: &[&[Word(CY_GB::JOB_POSITION), Text(" "), Word(CY_GB::JOB_FIELD)]],
    }
}

pub(super) fn turkish() -> Locale {
    let (first, last) = names::<TR_TR>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Dr. ", "Prof. ", "Av. "], ..WESTERN },
        places: Places {
            street: &[&[
                Last,
                Text(" "),
                Word(TR_TR::ADDRESS_STREET_SUFFIX),
                Text(" No: "),
                Number(199),
            ]],
            city: &[&[Last, Text(" "), Word(TR_TR::ADDRESS_CITY_SUFFIX)], &[Text("Yeni"), Last]],
            state: TR_TR::ADDRESS_STATE,
            postcode: &["0^###", "1####", "2####", "3####", "4####", "5####", "6####", "7####"],
            country: TR_TR::ADDRESS_COUNTRY,
            line: &[
                Line::Street,
                Line::Text(", "),
                Line::Postcode,
                Line::Text(" "),
                Line::City,
                Line::Text(" / "),
                Line::State,
            ],
        },
        phone: TR_TR::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Word(&[" A.Ş.", " Ltd. Şti.", " Holding"])]],
        job: &[&[
            Word(TR_TR::JOB_SENIORITY),
            Text(" "),
            Word(TR_TR::JOB_FIELD),
            Text(" "),
            Word(TR_TR::JOB_POSITION),
        ]],
    }
}
