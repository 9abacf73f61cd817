//! The bytes of every type, for ever: a change here changes the data of everyone who kept a seed.

use super::super::Schema;
use super::super::random::hash;
use super::{everything, generator_of, ndjson, single, value};

#[test]
fn every_type_keeps_its_bytes() {
    for (line, expected) in TYPES {
        let generator = single(line);
        let found = [0, 1, 1_000_000].map(|index| value(&generator, index));
        assert_eq!(found, *expected, "{line}");
    }
}

#[test]
fn every_type_has_a_golden_value() {
    let examples: Vec<&str> = Schema::kinds().iter().map(|kind| kind.example).collect();
    let golden: Vec<&str> = TYPES.iter().map(|(line, _)| *line).collect();
    assert_eq!(examples, golden);
}

#[test]
fn every_locale_keeps_its_bytes() {
    for (line, expected) in LOCALES {
        assert_eq!(value(&single(line), 5), *expected, "{line}");
    }
}

#[test]
fn ten_thousand_records_of_everything_keep_their_bytes() {
    let bytes = ndjson(&generator_of(&everything(), 42), 0..10_000);
    let text = String::from_utf8(bytes).expect("is UTF-8");
    assert_eq!((text.len(), hash(&text)), (16_163_346, 1_493_049_834_190_257_355));
}

/// Examples of all types with the values at the indexes 0, 1 and 1 000 000.
#[rustfmt::skip]
const TYPES: &[(&str, [&str; 3])] = &[
    ("integer 1..100", ["79", "67", "28"]),
    ("float 0..1 decimals 2", ["0.79", "0.66", "0.27"]),
    ("uniform -1..1", ["0.5692756842963387", "0.32592504121268306", "-0.45093940112248365"]),
    ("normal mean 20 sd 2 decimals 1", ["21.6", "20.8", "18.8"]),
    ("lognormal median 12 sigma 0.5 max 1000 decimals 1", ["17.8", "14.8", "8.9"]),
    ("exponential mean 5 decimals 3", ["1.213", "2.055", "6.463"]),
    ("poisson mean 3", ["4", "3", "1"]),
    ("pareto scale 1 shape 1.5 decimals 2", ["1.18", "1.32", "2.37"]),
    ("beta 0..100 alpha 2 beta 5 decimals 1", ["54.4", "23.1", "9.7"]),
    ("zipf 1..1000 exponent 1.1", ["2", "4", "69"]),
    ("sequence from 1000 step 10", ["1000", "1010", "10001000"]),
    ("boolean 0.3", ["false", "false", "true"]),
    ("choice ok 95, warn 4, error 1", ["ok", "ok", "ok"]),
    ("constant eu-west", ["eu-west", "eu-west", "eu-west"]),
    ("unique 1..10000", ["3976", "4263", "1359"]),
    ("uuid", ["c8de068f-3afb-4fee-8288-0694fa9cb43c", "a9b7e968-7a5b-4834-a764-aaf2c3cea484", "46479e21-d9bd-4082-a6c3-403716244d50"]),
    ("ulid every 10ms", ["01KDVDNA00S3F0D3STZDFYXMA8", "01KDVDNA0AN6VYJT3TBF4398FJ", "01KDVQ6FM08S3SW8ESQQG85SR3"]),
    ("time from 2026-01-01T00:00:00Z every 1s jitter 0.2", ["2026-01-01T00:00:00.156Z", "2026-01-01T00:00:01.132Z", "2026-01-12T13:46:40.054Z"]),
    ("walk from 20 step 0.5 min -10 max 40 decimals 2", ["20.00", "20.21", "0.82"]),
    ("wave period 24h every 1m amplitude 5 level 20 noise 0.3 decimals 1", ["20.2", "20.1", "21.5"]),
    ("text.word", ["provident", "commodi", "facilis"]),
    ("text.words 2..5", ["provident aut quae non minima", "commodi accusamus pariatur sapiente", "facilis a quis"]),
    ("text.sentence", ["Provident aut quae non minima recusandae assumenda omnis totam nihil neque.", "Commodi accusamus pariatur sapiente sed est ut facilis dolores et.", "Facilis a quis eos repellendus deleniti magnam."]),
    ("text.paragraph", ["Aut quae non minima recusandae assumenda omnis totam nihil. Ratione voluptatem voluptas molestiae laudantium culpa. Est voluptatem adipisci laboriosam est in iste facilis repudiandae similique quas ut. Esse unde veritatis consequatur quis vel sequi maiores. Sed atque quis et consectetur ut voluptatum impedit atque. Odit exercitationem numquam qui id neque quam.", "Accusamus pariatur sapiente sed est ut facilis. Et odit libero eum veniam accusamus sint rem. Quam facere exercitationem nulla assumenda consequuntur quam fuga placeat distinctio. Architecto quas doloremque nihil sunt molestias corrupti quo autem. Aut tempora saepe odit recusandae voluptatem sint molestiae provident enim.", "A quis eos repellendus deleniti magnam rem libero rerum nihil. Incidunt quo eum impedit debitis dolores voluptas molestias inventore modi sunt dolor. Est repellendus quod quo consequatur adipisci. Aspernatur earum sapiente neque sapiente et aut eligendi architecto praesentium."]),
    ("pattern [A-Z]{3}-[0-9]{4}", ["UNC-0229", "RJW-8926", "HQY-3174"]),
    ("person.name", ["Keenan Carroll", "Billie Schoen", "Elise Hammes"]),
    ("person.first_name locale fr", ["Léandre", "Augustin", "Elise"]),
    ("person.last_name locale de 0.3, en 0.7", ["Carroll", "Schoen", "Hammes"]),
    ("person.email", ["keenan.carroll@example.org", "billie.schoen782@example.com", "elise.hammes374@example.org"]),
    ("person.username", ["kcarroll9332", "bschoen4076", "ehammes1823"]),
    ("person.phone locale it", ["+39 0685 7079830", "+39 066 3097518", "+39 02 3842546"]),
    ("address", ["1843 O'Conner Alley, South Dedric, VA 99255", "7012 Shanahan Street, Gretchenfort, AL 04280", "8550 Heaney Spring, Port Terrell, SD 47232"]),
    ("address.street", ["1843 O'Conner Alley", "7012 Shanahan Street", "8550 Heaney Spring"]),
    ("address.city locale de", ["Bad Walterburg", "Maierkirchen", "Bad Arnoldstadt"]),
    ("address.state", ["VA", "AL", "SD"]),
    ("address.postcode locale nl", ["9940 MJ", "2342 KT", "5778 PZ"]),
    ("address.country", ["Finland", "Benin", "Syrian Arab Republic"]),
    ("company.name", ["Lesch, Braun and Bayer", "Hettinger-Strosin", "Nitzsche Group"]),
    ("company.job", ["International Farming Executive", "Central Consulting Facilitator", "Corporate Hospitality Representative"]),
    ("internet.domain", ["sawayn-high.example", "ondricka-good.example", "goodwin-important.example"]),
    ("internet.ipv4", ["151.136.26.12", "104.93.222.216", "45.164.244.95"]),
    ("internet.url", ["https://sawayn-high.example/way", "https://ondricka-good.example/lucas/james", "https://goodwin-important.example/new/hand"]),
    ("internet.user_agent", ["Opera/9.80 (X11; Linux i686; U; es-ES) Presto/2.8.131 Version/11.11", "Opera/9.80 (Windows NT 6.0) Presto/2.12.388 Version/12.14", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246"]),
    ("geo.latitude", ["34.699732", "19.021628", "-26.803971"]),
    ("geo.longitude", ["102.469623", "58.666507", "-81.169093"]),
];

/// The value at the index 5.
#[rustfmt::skip]
const LOCALES: &[(&str, &str)] = &[
    ("person.name locale en", "Laney Hettinger"),
    ("person.email locale en", "laney.hettinger@example.org"),
    ("person.phone locale en", "(546) 371-6853"),
    ("address locale en", "4267 Connelly Ridge, Port Velma, PA 38789"),
    ("company.name locale en", "Beier and Sons"),
    ("company.job locale en", "Junior IT Coordinator"),
    ("person.name locale de", "Peter Lange"),
    ("person.email locale de", "peter.lange@example.org"),
    ("person.phone locale de", "+49 546 371685"),
    ("address locale de", "Schneiderstraße 43, 23878 Bad Kühnstadt"),
    ("company.name locale de", "Drebenbusch-Dalgoßen GmbH"),
    ("company.job locale de", "Entwicklung"),
    ("person.name locale fr", "Loïc Fourcade"),
    ("person.email locale fr", "loic.fourcade@example.org"),
    ("person.phone locale fr", "02 43 29 64 60"),
    ("address locale fr", "128 Allée Maxime Chen, 13878 Saint-Soniabourg"),
    ("company.name locale fr", "Bazin SARL"),
    ("company.job locale fr", "Ergothérapeute"),
    ("person.name locale it", "Isabel Ferri"),
    ("person.email locale it", "isabel.ferri@example.org"),
    ("person.phone locale it", "+39 04 3296460"),
    ("address locale it", "Piazza Colombo 139, 13878 Sala del Tramonto (RC)"),
    ("company.name locale it", "Bianco S.r.l."),
    ("company.job locale it", "Specialista Informatica"),
    ("person.name locale nl", "Koen Schouten"),
    ("person.email locale nl", "koen.schouten@example.org"),
    ("person.phone locale nl", "+31 54 6371685"),
    ("address locale nl", "Mirtelaan 139, 5103 EI Oud Guuswijk"),
    ("company.name locale nl", "Janssen N.V."),
    ("company.job locale nl", "Stagiaire Marketing"),
    ("person.name locale pt", "Sara Machado"),
    ("person.email locale pt", "sara.machado@example.org"),
    ("person.phone locale pt", "+351 243 296 4606"),
    ("address locale pt", "Estrada Carla Teixeira, 43, 5103-166 Pais de Sousa"),
    ("company.name locale pt", "Barros SGPS"),
    ("company.job locale pt", "Gerente Informática"),
    ("person.name locale pt-br", "Madalena Galvão"),
    ("person.email locale pt-br", "madalena.galvao@example.org"),
    ("person.phone locale pt-br", "(54) 2637-1685"),
    ("address locale pt-br", "R. Carol Rocha, 423 - Vegalândia - RS, 38789-581"),
    ("company.name locale pt-br", "Balestero e Associados"),
    ("company.job locale pt-br", "Auxiliar de Logística"),
    ("person.name locale cy", "Ifor Hopkins"),
    ("person.email locale cy", "ifor.hopkins@example.org"),
    ("person.phone locale cy", "01446 432964"),
    ("address locale cy", "85 Cwrt or Llys Perry, TreWales CF51 0IG"),
    ("company.name locale cy", "Baines CCC"),
    ("company.job locale cy", "Cynhyrchydd Gwybodeg"),
    ("person.name locale tr", "Kemal Aydın"),
    ("person.email locale tr", "kemal.aydin@example.org"),
    ("person.phone locale tr", "+90 (212) 432 9646"),
    ("address locale tr", "Öztürk Sokağı No: 139, 13878 YeniAksoy / Kocaeli"),
    ("company.name locale tr", "Çelik A.Ş."),
    ("company.job locale tr", "Uzman Bilişim Koordinatör"),
    ("person.name locale ja", "石井 琉生"),
    ("person.email locale ja", "liusheng.shijing@example.org"),
    ("person.phone locale ja", "0244-43-2964"),
    ("address locale ja", "〒387-8958 京都府菊地村福田町2-21-5"),
    ("company.name locale ja", "渡辺株式会社"),
    ("company.job locale ja", "ジュニアIT管理者"),
    ("person.name locale zh", "潘甜熙"),
    ("person.email locale zh", "tianxi.pan@example.org"),
    ("person.phone locale zh", "134 3296 4606"),
    ("address locale zh", "四川省新钱市程路209号 387895"),
    ("company.name locale zh", "梁鼎遥研究院"),
    ("company.job locale zh", "广告执行"),
    ("person.name locale zh-tw", "霍婉婷"),
    ("person.email locale zh-tw", "wanting.huo@example.org"),
    ("person.phone locale zh-tw", "0943-296460"),
    ("address locale zh-tw", "387 高雄市桓鄉左路209號"),
    ("company.name locale zh-tw", "穆雅婷有限公司"),
    ("company.job locale zh-tw", "護理師"),
    ("person.name locale ar", "دعاء آل فهيقي"),
    ("person.email locale ar", "d.alfhyqy@example.org"),
    ("person.phone locale ar", "+966 54 329 6460"),
    ("address locale ar", "شارع جالا آل خضير 209، مدينة شربتلي 23878"),
    ("company.name locale ar", "شركة آل بن ظافر"),
    ("company.job locale ar", "مهندس"),
    ("person.name locale fa", "طوفان راسخ"),
    ("person.email locale fa", "twfn.rskh@example.org"),
    ("person.phone locale fa", "+98 21 43296460"),
    ("address locale fa", "خیابان پناهیان پلاک 209، شهر نوبخت، 38789-58161"),
    ("company.name locale fa", "شرکت ارسباران"),
    ("company.job locale fa", "متخصص آهنگر"),
];
