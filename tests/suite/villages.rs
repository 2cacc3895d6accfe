//! Villages of a city's own file: what they tell of a place, and what is wrong with a file.

use std::sync::Arc;

use huiyin::intake::{Gazetteer, Intake};
use huiyin::kernel::{CallId, Civil, Slot};
use huiyin::language::address::Row;
use huiyin::speech::{Speaker, Utterance};

const NOW: Civil = Civil { year: 2026, month: 11, day: 22, hour: 14, minute: 5, second: 0 };
const FILE: &str = "village,code,aliases\n裘家村,330781102201,裘家|老裘家\n下宅村,330781102202,\n下宅村,330702103,\n芙蓉社区,330702103,芙蓉里\n";

fn divisions() -> Gazetteer {
    let rows = [
        ("33", "浙江省"),
        ("3307", "金华市"),
        ("330702", "婺城区"),
        ("330781", "兰溪市"),
        ("330702103", "白龙桥镇"),
        ("330781102", "游埠镇"),
    ];
    Gazetteer::from_rows(rows.map(|(code, name)| Row { code: code.into(), name: name.into() }))
}

#[test]
fn a_village_tells_its_township() {
    let intake = Intake::new(Arc::new(divisions().with_villages(FILE).unwrap()), "3307").unwrap();
    let cases = [
        ("我们裘家村村口那条路坏了", Some("330781102"), "浙江省金华市兰溪市游埠镇 裘家村", 0),
        ("求家村的路灯坏了三天了", Some("330781102"), "求家村", 0),
        ("婺城区下宅村没水了", Some("330702103"), "白龙桥镇 下宅村", 0),
        ("下宅村没水了", None, "下宅村", 2),
        ("白龙桥镇裘家村没水了", Some("330702103"), "白龙桥镇", 0),
        ("芙蓉里的垃圾没人收", Some("330702103"), "白龙桥镇 芙蓉里", 0),
        ("我们这里没水了", None, "", 0),
    ];
    for (text, code, value, options) in cases {
        let utterance = Utterance {
            call: CallId(1),
            index: 0,
            speaker: Speaker::Caller,
            text: text.into(),
            start_ms: 0,
            end_ms: 3000,
            confidence: 0.9,
        };
        let reading = intake.read(&utterance, NOW, None);
        let place = reading.fact(Slot::Place);
        assert_eq!(place.and_then(|p| p.code.as_deref()), code, "{text}: {place:?}");
        assert!(place.map_or("", |p| p.value.as_str()).contains(value), "{text}: {place:?}");
        assert_eq!(reading.place_options.len(), options, "{text}");
    }
}

#[test]
fn a_fault_of_the_file_has_its_line_and_the_way_out() {
    let cases = [
        ("name,code\n裘家村,330781102\n", 1, "village,code,aliases"),
        ("village,code\n", 1, "no village"),
        ("village,code\n裘家村,330781102\n上宅村,3307\n", 3, "9 digits"),
        ("village,code\n上宅村,330781999\n", 2, "no township"),
        ("village,code\n村,330781102\n", 2, "characters"),
        ("village,code,aliases\n裘家村,330781102,一\n", 2, "aliases"),
        ("village,code\n裘家村,330781102\n裘家村,330781102201\n", 3, "twice"),
    ];
    for (text, line, way_out) in cases {
        let faults = divisions().with_villages(text).err().unwrap_or_default();
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert_eq!(faults[0].line, line, "{text}");
        assert!(faults[0].to_string().contains(way_out), "{}", faults[0]);
    }
}
