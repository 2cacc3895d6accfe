//! Tables and service requests over the wire: masked, sealed, guarded, bounded.

use calamine::{Data, Reader, Xlsx};
use huiyin::kernel::Wall;
use serde_json::Value;

use super::seed::{Row, Survey, add, add_survey, rows};
use crate::console::house::{House, house};

const NUMBER: &str = "13800138000";
const DAY: i64 = 86_400_000;

fn today() -> Wall {
    crate::console::house::noon()
}

fn told(row: Row) -> Row {
    let fields = vec![
        ("matter_type", "投诉", Some("complaint")),
        ("category", "施工噪声", Some("0101")),
        ("place", "金华市婺城区白龙桥镇临江路3号", Some("330702103")),
        ("narrative", "=HYPERLINK(1) 我电话13800138000", None),
        ("summary", "@半夜打桩", None),
        ("caller", "王小明", None),
        ("number", NUMBER, None),
    ];
    Row { fields, opened_at: today().unix_ms - DAY, ..row }
}

/// An open ticket, a secret one, a report, a draft, a merged one, an archived one.
async fn filled() -> House {
    let house = house().await;
    let pool = rows(&house.folder.path().join("huiyin.db")).await;
    let state = |id, state: &str| told(Row { state: state.into(), ..Row::new(id) });
    let mut report = told(Row::new(3));
    report.fields[0] = ("matter_type", "举报", Some("report"));
    let due_at = Some(today().unix_ms + DAY);
    let archived = Row {
        result: Some("已整改，回电13800138000".into()),
        due_at: None,
        ..state(6, "archived")
    };
    let all = [
        told(Row { due_at, ..Row::new(1) }),
        told(Row { secret: true, ..Row::new(2) }),
        report,
        state(4, "draft"),
        state(5, "merged"),
        archived,
    ];
    add(&pool, &all).await;
    sqlx::query("UPDATE tickets SET merged_into = 1 WHERE id = 5").execute(&pool).await.unwrap();
    for (id, ticket) in [(1, 6), (2, 2)] {
        let words = Some("+还行，别打13800138000");
        let answers = vec![("solved", "yes", None), ("satisfied", "basic", words)];
        let at = today().unix_ms;
        add_survey(&pool, &Survey { id, ticket, outcome: "complete", at, answers }).await;
    }
    house
}

async fn csv(house: &House, path: &str) -> Vec<Vec<String>> {
    let response = house.get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert!(header("content-disposition").starts_with("attachment; filename=\"huiyin-2"));
    let text = response.text().await.unwrap();
    assert!(!text.contains(NUMBER), "{path} tells a whole number");
    let text = text.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn column<'a>(table: &'a [Vec<String>], name: &str) -> Vec<&'a str> {
    let at = table[0].iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}"));
    table[1..].iter().map(|row| row[at].as_str()).collect()
}

#[tokio::test]
async fn tickets_leave_the_house_masked_sealed_and_without_formulas() {
    let house = filled().await;
    let table = csv(&house, "/api/export/tickets.csv").await;
    assert_eq!(column(&table, "工单号"), ["1", "2", "3", "4", "5", "6"]);
    let sealed = "（保密）";
    let narrative = column(&table, "诉求内容");
    assert_eq!(narrative[0], "'=HYPERLINK(1) 我电话138****8000");
    assert_eq!((narrative[1], narrative[2]), (sealed, sealed));
    assert_eq!(column(&table, "诉求摘要")[0], "'@半夜打桩");
    assert_eq!(column(&table, "来电人")[0], "王**");
    assert_eq!(column(&table, "来电号码")[..2], ["138****8000", sealed]);
    assert_eq!(column(&table, "地点代码")[..3], ["330702103", "", ""]);
    assert_eq!(column(&table, "办理结果")[5], "已整改，回电138****8000");
    assert_eq!(column(&table, "时限")[0], "办结");
    assert!(column(&table, "到期时间")[0].ends_with("+08:00"));
    let one = csv(&house, "/api/export/tickets.csv?unit=nobody").await;
    assert_eq!(one.len(), 1, "a table without rows has its head");
    for query in ["region=3307", "category=01", "unit=police-330702"] {
        assert_eq!(
            csv(&house, &format!("/api/export/tickets.csv?{query}")).await.len(),
            7,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_workbook_holds_what_the_csv_holds() {
    let house = filled().await;
    for (name, sheet) in [("tickets", "工单"), ("answers", "回访")] {
        let table = csv(&house, &format!("/api/export/{name}.csv")).await;
        let response = house.get(&format!("/api/export/{name}.xlsx")).await;
        assert_eq!(response.status(), 200);
        let bytes = response.bytes().await.unwrap();
        let mut book = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range(sheet).unwrap();
        assert_eq!(range.height(), table.len());
        for (y, row) in table.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                let found = range.get((y, x)).unwrap_or(&Data::Empty).to_string();
                assert_eq!(found, *cell, "{name}, row {y}, column {x}");
            }
        }
    }
}

#[tokio::test]
async fn answers_leave_with_their_words_masked() {
    let house = filled().await;
    let table = csv(&house, "/api/export/answers.csv").await;
    assert_eq!(column(&table, "工单号"), ["6", "6", "2", "2"]);
    assert_eq!(column(&table, "问题")[..2], ["是否解决", "满意度"]);
    assert_eq!(column(&table, "答案")[..2], ["已解决", "基本满意"]);
    assert_eq!(column(&table, "原话"), ["", "'+还行，别打138****8000", "", "（保密）"]);
    assert_eq!(column(&table, "录音起（毫秒）")[1], "700");
}

#[tokio::test]
async fn a_table_is_read_to_its_end_and_a_workbook_is_bounded() {
    let house = house().await;
    let pool = rows(&house.folder.path().join("huiyin.db")).await;
    let opened_at = today().unix_ms - DAY;
    let many: Vec<Row> = (1..=10_001).map(|id| Row { opened_at, ..Row::new(id) }).collect();
    add(&pool, &many).await;
    let table = csv(&house, "/api/export/tickets.csv").await;
    let ids: Vec<i64> = column(&table, "工单号").iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(ids, (1..=10_001).collect::<Vec<i64>>());
    let refused = house.get("/api/export/tickets.xlsx").await;
    assert_eq!(refused.status(), 422);
    let error: Value = refused.json().await.unwrap();
    assert_eq!(error["code"], "too_many");
    assert!(error["error"].as_str().unwrap().contains("10001") && error["remedy"].is_string());
}

#[tokio::test]
async fn bad_questions_are_refused_with_a_way_out() {
    let house = house().await;
    for (path, status, code) in [
        ("/api/export/tickets.pdf", 404, "not_found"),
        ("/api/export/tickets.csv?from=2026-13-01", 422, "bad_day"),
        ("/api/export/tickets.csv?from=2026-11-02&to=2026-11-01", 422, "bad_query"),
        ("/api/export/tickets.csv?from=1990-01-01&to=2026-11-01", 422, "bad_query"),
        ("/api/export/tickets.csv?unit=a%27b", 422, "bad_query"),
        ("/api/plots/bars.svg?by=colour", 422, "bad_query"),
        ("/api/plots/pie.svg", 404, "not_found"),
        ("/open311/v2/requests.json?status=done", 400, "bad_query"),
        ("/open311/v2/requests.json?start_date=yesterday", 400, "bad_query"),
        ("/open311/v2/requests.json?start_date=2026-01-01&end_date=2026-06-01", 400, "bad_query"),
        ("/open311/v2/requests.json?service_request_id=x", 400, "bad_query"),
        ("/open311/v2/requests.yaml", 404, "not_found"),
        ("/open311/v2/requests/9.json", 404, "not_found"),
        ("/open311/v2/requests/x.json", 404, "not_found"),
    ] {
        let refused = house.get(path).await;
        assert_eq!(refused.status(), status, "{path}");
        let error: Value = refused.json().await.unwrap();
        assert_eq!(error["code"], code, "{path}");
        assert!(error["remedy"].is_string());
    }
}

#[tokio::test]
async fn service_requests_hold_nothing_of_a_caller() {
    let house = filled().await;
    let list = house.json("/open311/v2/requests.json").await;
    let ids = |list: &Value| -> Vec<String> {
        let ids = list.as_array().unwrap().iter();
        ids.map(|one| one["service_request_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&list), ["6", "1"], "no secret ticket, no report, no draft, nothing merged");
    let open = &list[1];
    assert_eq!((&open["status"], &open["service_code"]), (&"open".into(), &"0101".into()));
    assert_eq!(open["description"], "投诉：施工噪声");
    assert_eq!(open["address_id"], "330702103");
    assert!(open["expected_datetime"].is_string() && list[0]["expected_datetime"].is_null());
    let xml = house.get("/open311/v2/requests.xml").await;
    assert_eq!(xml.headers()["content-type"], "text/xml; charset=utf-8");
    let xml = xml.text().await.unwrap();
    for text in [list.to_string(), xml.clone()] {
        for secret in [NUMBER, "138****8000", "王", "HYPERLINK", "打桩", "临江路", "整改"] {
            assert!(!text.contains(secret), "{secret} stands in {text}");
        }
    }
    assert_eq!(xml.matches("<request>").count(), 2);
    for (query, wanted) in [
        ("status=open", vec!["1"]),
        ("status=closed", vec!["6"]),
        ("status=open,closed", vec!["6", "1"]),
        ("service_code=0101", vec!["6", "1"]),
        ("service_code=0201,0202", vec![]),
        ("service_request_id=1,2,3,6", vec!["1", "6"]),
        ("end_date=2020-01-01", vec![]),
    ] {
        let list = house.json(&format!("/open311/v2/requests.json?{query}")).await;
        assert_eq!(ids(&list), wanted, "{query}");
    }
    assert_eq!(ids(&house.json("/open311/v2/requests/1.json").await), ["1"]);
    assert!(house.page("/open311/v2/requests/1.xml").await.contains("<service_request_id>1<"));
    assert_eq!(
        house.get("/open311/v2/requests/2.json").await.status(),
        404,
        "a secret one is not there"
    );
    let services = house.json("/open311/v2/services.json").await;
    let noise = services.as_array().unwrap().iter().find(|one| one["service_code"] == "0101");
    assert_eq!(noise.unwrap()["service_name"], "施工噪声");
    assert!(
        house.page("/open311/v2/services.xml").await.contains("<service_code>0101</service_code>")
    );
}
