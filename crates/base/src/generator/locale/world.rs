//! English, the Americas and Asia. Where the word lists have no local towns, they are named after
//! persons, with the local word for town.

use fake::locales::{AR_SA, Data, EN, FA_IR, JA_JP, PT_BR, ZH_CN, ZH_TW};

use super::super::layout::Part::{First, Last, Number, Text, Word};
use super::{Line, Locale, Places, Style, WESTERN, names};

pub(super) fn english() -> Locale {
    let (first, last) = names::<EN>(false);
    Locale {
        first,
        last,
        style: Style {
            before: &["Dr. ", "Prof. "],
            after: &[" Jr.", " Sr.", " II", " III", " IV", " MD", " DDS", " PhD", " DVM"],
            ..WESTERN
        },
        places: Places {
            street: &[&[Number(9999), Text(" "), Last, Text(" "), Word(EN::ADDRESS_STREET_SUFFIX)]],
            city: &[
                &[Last, Word(EN::ADDRESS_CITY_SUFFIX)],
                &[First, Word(EN::ADDRESS_CITY_SUFFIX)],
                &[Word(EN::ADDRESS_CITY_PREFIX), Text(" "), Last, Word(EN::ADDRESS_CITY_SUFFIX)],
                &[Word(EN::ADDRESS_CITY_PREFIX), Text(" "), First],
            ],
            state: EN::ADDRESS_STATE_ABBR,
            postcode: &["#####"],
            country: EN::ADDRESS_COUNTRY,
            line: &[
                Line::Street,
                Line::Text(", "),
                Line::City,
                Line::Text(", "),
                Line::State,
                Line::Text(" "),
                Line::Postcode,
            ],
        },
        phone: EN::PHONE_NUMBER_FORMATS,
        company: &[
            &[Last, Text(" "), Word(EN::COMPANY_SUFFIX)],
            &[Last, Text("-"), Last],
            &[Last, Text(", "), Last, Text(" and "), Last],
        ],
        job: &[&[
            Word(EN::JOB_SENIORITY),
            Text(" "),
            Word(EN::JOB_FIELD),
            Text(" "),
            Word(EN::JOB_POSITION),
        ]],
    }
}

pub(super) fn brazilian() -> Locale {
    let (first, last) = names::<PT_BR>(false);
    Locale {
        first,
        last,
        style: Style { before: &["Eng. "], after: &[" Neto", " Filho"], ..WESTERN },
        places: Places {
            street: &[&[
                Word(PT_BR::ADDRESS_STREET_SUFFIX),
                Text(" "),
                First,
                Text(" "),
                Last,
                Text(", "),
                Number(1999),
            ]],
            city: &[
                &[Text("São "), First],
                &[Last, Word(&[" do Norte", " do Sul", " de Minas", " d'Oeste", "lândia"])],
            ],
            state: PT_BR::ADDRESS_STATE_ABBR,
            postcode: PT_BR::ADDRESS_POSTCODE_FORMATS,
            country: &["Brasil"],
            line: &[
                Line::Street,
                Line::Text(" - "),
                Line::City,
                Line::Text(" - "),
                Line::State,
                Line::Text(", "),
                Line::Postcode,
            ],
        },
        phone: PT_BR::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Text(" "), Word(PT_BR::COMPANY_SUFFIX)], &[Last, Text(" e "), Last]],
        job: &[&[Word(&[
            "Analista",
            "Arquiteto de Sistemas",
            "Assistente",
            "Auxiliar de Logística",
            "Contabilista",
            "Dentista",
            "Economista",
            "Eletricista",
            "Gerente",
            "Jornalista",
            "Motorista",
            "Recepcionista",
            "Supervisor",
            "Terapeuta",
        ])]],
    }
}

pub(super) fn japanese() -> Locale {
    let (first, last) = names::<JA_JP>(false);
    Locale {
        first,
        last,
        style: Style { family_first: true, gap: " ", before: &[], after: &[" 様", " 先生"] },
        places: Places {
            street: &[&[Last, Text("町"), Number(9), Text("-"), Number(29), Text("-"), Number(19)]],
            city: &[&[Last, Word(&["市", "町", "村"])]],
            state: &[
                "北海道",
                "宮城県",
                "東京都",
                "神奈川県",
                "愛知県",
                "京都府",
                "大阪府",
                "福岡県",
            ],
            postcode: &["###-####"],
            country: &["日本"],
            line: &[
                Line::Text("〒"),
                Line::Postcode,
                Line::Text(" "),
                Line::State,
                Line::City,
                Line::Street,
            ],
        },
        phone: JA_JP::PHONE_NUMBER_FORMATS,
        company: &[&[Last, Word(&["株式会社", "有限会社"])], &[Text("株式会社"), Last]],
        job: &[&[Word(JA_JP::JOB_SENIORITY), Word(JA_JP::JOB_FIELD), Word(JA_JP::JOB_POSITION)]],
    }
}

pub(super) fn chinese() -> Locale {
    let (first, last) = names::<ZH_CN>(false);
    Locale {
        first,
        last,
        style: Style { family_first: true, gap: "", before: &[], after: &["博士", "教授"] },
        places: Places {
            street: &[&[Last, Word(ZH_CN::ADDRESS_STREET_SUFFIX), Number(299), Text("号")]],
            city: &[&[Word(ZH_CN::ADDRESS_CITY_PREFIX), Last, Word(ZH_CN::ADDRESS_CITY_SUFFIX)]],
            state: &[
                "北京市",
                "上海市",
                "广东省",
                "江苏省",
                "浙江省",
                "四川省",
                "湖北省",
                "山东省",
            ],
            postcode: &["######"],
            country: ZH_CN::ADDRESS_COUNTRY,
            line: &[Line::State, Line::City, Line::Street, Line::Text(" "), Line::Postcode],
        },
        phone: &["13# #### ####", "15# #### ####", "18# #### ####", "010-########"],
        company: &[&[Last, First, Word(ZH_CN::COMPANY_SUFFIX)]],
        job: &[&[Word(ZH_CN::JOB_FIELD), Word(ZH_CN::JOB_POSITION)]],
    }
}

pub(super) fn taiwanese() -> Locale {
    let (first, last) = names::<ZH_TW>(false);
    Locale {
        first,
        last,
        style: Style { family_first: true, gap: "", before: &[], after: &["博士", "教授"] },
        places: Places {
            street: &[&[Last, Word(&["路", "街", "大道"]), Number(299), Text("號")]],
            city: &[&[Last, Word(&["市", "鎮", "鄉"])]],
            state: &["臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市", "花蓮縣"],
            postcode: &["###", "#####"],
            country: &["臺灣"],
            line: &[Line::Postcode, Line::Text(" "), Line::State, Line::City, Line::Street],
        },
        phone: &["09##-######", "(02) ####-####", "(04) ####-####"],
        company: &[&[Last, First, Word(&["股份有限公司", "有限公司", "企業社"])]],
        job: &[&[Word(&[
            "軟體工程師",
            "會計",
            "護理師",
            "教師",
            "業務經理",
            "專案經理",
            "設計師",
            "律師",
            "廚師",
            "記者",
        ])]],
    }
}

pub(super) fn arabic() -> Locale {
    let (first, last) = names::<AR_SA>(false);
    Locale {
        first,
        last,
        style: Style { before: &["د. "], ..WESTERN },
        places: Places {
            street: &[&[Text("شارع "), First, Text(" "), Last, Text(" "), Number(299)]],
            city: &[&[Text("مدينة "), Last]],
            state: &["الرياض", "مكة المكرمة", "المدينة المنورة", "القصيم", "عسير", "تبوك", "حائل"],
            postcode: &["1####", "2####", "3####", "4####", "5####", "6####"],
            country: &["المملكة العربية السعودية"],
            line: &[Line::Street, Line::Text("، "), Line::City, Line::Text(" "), Line::Postcode],
        },
        phone: &["+966 5# ### ####", "05########", "+966 1# ### ####"],
        company: &[&[Text("شركة "), Last], &[Text("مجموعة "), Last]],
        job: &[&[Word(&["محاسب", "مهندس", "معلم", "طبيب", "محام", "صحفي", "مدير مشروع", "مبرمج"])]],
    }
}

pub(super) fn persian() -> Locale {
    let (first, last) = names::<FA_IR>(false);
    Locale {
        first,
        last,
        style: Style { before: &["دکتر ", "مهندس "], ..WESTERN },
        places: Places {
            street: &[&[
                Word(FA_IR::ADDRESS_STREET_SUFFIX),
                Text(" "),
                Last,
                Text(" پلاک "),
                Number(299),
            ]],
            city: &[&[Text("شهر "), Last]],
            state: FA_IR::ADDRESS_STATE,
            postcode: FA_IR::ADDRESS_POSTCODE_FORMATS,
            country: FA_IR::ADDRESS_COUNTRY,
            line: &[Line::Street, Line::Text("، "), Line::City, Line::Text("، "), Line::Postcode],
        },
        phone: FA_IR::PHONE_NUMBER_FORMATS,
        company: &[&[Text("شرکت "), Last], &[Text("گروه "), Last]],
        job: &[&[Word(FA_IR::JOB_POSITION), Text(" "), Word(FA_IR::JOB_FIELD)]],
    }
}
