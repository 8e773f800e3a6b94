use super::*;
use ItemStatus::{Error, Success, Unknown, Warning};

type Rows = Vec<(ItemStatus, Option<&'static str>)>;

/// Each item's status and uuid, `None` where the answer holds no results.
fn items(status: u16, body: &str, sent: &[&str]) -> Option<Vec<(ItemStatus, Option<String>)>> {
    match read(status, body.as_bytes(), sent) {
        Answer::Results(receipt) => {
            let ids: Vec<_> = receipt
                .items
                .iter()
                .map(|item| item.unique_identifier.as_deref().unwrap())
                .collect();
            assert_eq!(ids, sent, "every item bears the id that was sent: {body}");
            let row = |item: ItemResult| (item.status, item.uuid);
            Some(receipt.items.into_iter().map(row).collect())
        }
        _ => None,
    }
}

#[test]
fn results_find_their_messages() {
    let table: Vec<(&str, &str, &[&str], Rows)> = vec![
        (
            "as documented",
            r#"{"data":[{"status":"success","unique_identifier":"a","uuid":"1","warning":null,"error":null}],"meta":{"success_count":1,"warning_count":0,"error_count":0}}"#,
            &["a"],
            vec![(Success, Some("1"))],
        ),
        (
            "out of order",
            r#"{"data":[{"status":"error","unique_identifier":"b","uuid":"2"},{"status":"success","unique_identifier":"a","uuid":"1"}]}"#,
            &["a", "b"],
            vec![(Success, Some("1")), (Error, Some("2"))],
        ),
        (
            "ids null or absent: by order",
            r#"{"data":[{"status":"success","unique_identifier":null,"uuid":"1"},{"status":"warning","uuid":"2"}]}"#,
            &["a", "b"],
            vec![(Success, Some("1")), (Warning, Some("2"))],
        ),
        (
            "some ids null: those fill the gaps in order",
            r#"{"data":[{"status":"error","unique_identifier":"c","uuid":"3"},{"status":"success","uuid":"1"},{"status":"success","uuid":"2"}]}"#,
            &["a", "b", "c"],
            vec![
                (Success, Some("1")),
                (Success, Some("2")),
                (Error, Some("3")),
            ],
        ),
        (
            "fewer results than messages",
            r#"{"data":[{"status":"success","unique_identifier":"b","uuid":"2"}]}"#,
            &["a", "b"],
            vec![(Unknown, None), (Success, Some("2"))],
        ),
        (
            "no results at all",
            r#"{"data":[],"meta":{"success_count":0}}"#,
            &["a"],
            vec![(Unknown, None)],
        ),
        (
            "more results than messages",
            r#"{"data":[{"status":"success","unique_identifier":"x","uuid":"9"},{"status":"success","unique_identifier":"a","uuid":"1"}]}"#,
            &["a"],
            vec![(Success, Some("1"))],
        ),
        (
            "ids of the API's own writing, as many as were sent",
            r#"{"data":[{"status":"success","unique_identifier":"A","uuid":"1"},{"status":"error","unique_identifier":"B","uuid":"2"}]}"#,
            &["a", "b"],
            vec![(Success, Some("1")), (Error, Some("2"))],
        ),
        (
            "one id twice: a request and its response",
            r#"{"data":[{"status":"success","unique_identifier":"a","uuid":"1"},{"status":"error","unique_identifier":"a","uuid":"2"}]}"#,
            &["a", "a"],
            vec![(Success, Some("1")), (Error, Some("2"))],
        ),
        (
            "numbers for texts, and status in capitals",
            r#"{"data":[{"status":"SUCCESS","unique_identifier":7,"uuid":12}]}"#,
            &["7"],
            vec![(Success, Some("12"))],
        ),
        (
            "a status left out is told by what stands beside it",
            r#"{"data":[{"uuid":"1"},{"error":{"code":1}},{"warning":"hm"},{"status":null}]}"#,
            &["a", "b", "c", "d"],
            vec![
                (Success, Some("1")),
                (Error, None),
                (Warning, None),
                (Unknown, None),
            ],
        ),
        (
            "an unknown status",
            r#"{"data":[{"status":"queued","unique_identifier":"a"}]}"#,
            &["a"],
            vec![(Unknown, None)],
        ),
        (
            "a single result without its list",
            r#"{"data":{"status":"success","uuid":"1"}}"#,
            &["a"],
            vec![(Success, Some("1"))],
        ),
        (
            "a list without its envelope",
            r#" [{"status":"success","uuid":"1"}]"#,
            &["a"],
            vec![(Success, Some("1"))],
        ),
        (
            "a list in which not all are results",
            r#"{"data":[null,{"status":"success","unique_identifier":"b","uuid":"2"},"x"]}"#,
            &["a", "b", "c"],
            vec![(Unknown, None), (Success, Some("2")), (Unknown, None)],
        ),
    ];
    for (name, body, sent, expected) in table {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(status, uuid)| (status, uuid.map(str::to_owned)))
            .collect();
        assert_eq!(items(200, body, sent), Some(expected), "{name}");
    }
}

#[test]
fn what_holds_no_results_is_a_refusal_or_nothing_of_the_api() {
    let notice = |code, message: &str, more_info: Option<&str>| {
        Answer::Refused(Notice {
            code,
            message: Some(message.to_owned()),
            more_info: more_info.map(str::to_owned),
        })
    };
    for (status, body, expected) in [
        (
            403,
            r#"{"meta":{"status":"error"},"data":{},"error":{"status":403,"message":"no","more_info":"https://docs"}}"#,
            notice(Some(403), "no", Some("https://docs")),
        ),
        (
            200,
            r#"{"meta":{"status":"error"},"data":{},"error":{"status":403,"message":"no"}}"#,
            notice(Some(403), "no", None),
        ),
        (200, r#"{"data":[],"error":"no"}"#, notice(None, "no", None)),
        (
            401,
            r#"{"error":"bad token"}"#,
            notice(None, "bad token", None),
        ),
        (
            422,
            r#"{"code":17,"message":"bad","fields":{"url":"missing"}}"#,
            notice(Some(17), "bad", Some(r#"{"url":"missing"}"#)),
        ),
        (
            400,
            r#"{"code":"17","message":"bad"}"#,
            notice(Some(17), "bad", None),
        ),
        (
            200,
            r#"{"code":403,"message":"no"}"#,
            notice(Some(403), "no", None),
        ),
        (200, r#"{"message":"created"}"#, Answer::Unparsable),
        (
            500,
            r#"{"data":[{"status":"success"}]}"#,
            Answer::Unparsable,
        ),
        (400, r#"{"error":null}"#, Answer::Unparsable),
        (400, r#"{"error":{}}"#, Answer::Unparsable),
        (200, r#"{"data":{}}"#, Answer::Unparsable),
        (200, r#"{"data":[1,2]}"#, Answer::Unparsable),
        (200, "{}", Answer::Unparsable),
        (200, "null", Answer::Unparsable),
        (200, "7", Answer::Unparsable),
        (200, "", Answer::Unparsable),
        (200, "<!doctype html><p>hello", Answer::Unparsable),
        (502, "<html>Bad Gateway</html>", Answer::Unparsable),
        (200, r#"{"data":[{"status":"succ"#, Answer::Unparsable),
        (
            200,
            r#"[{"status":"success"}] trailing"#,
            Answer::Unparsable,
        ),
        (200, "\u{feff}{}", Answer::Unparsable),
    ] {
        assert_eq!(
            read(status, body.as_bytes(), &["a"]),
            expected,
            "{status} {body}"
        );
    }
    assert_eq!(read(200, b"\xff\xfe", &["a"]), Answer::Unparsable);
    let deep = "[".repeat(60_000);
    assert_eq!(read(200, deep.as_bytes(), &["a"]), Answer::Unparsable);
}

#[test]
fn counts_are_the_apis_in_either_spelling_or_else_our_own() {
    let data =
        r#"[{"status":"success"},{"status":"warning"},{"status":"error"},{"status":"error"}]"#;
    for (meta, expected) in [
        (
            r#"{"success_count":5,"warning_count":6,"error_count":7}"#,
            (5, 6, 7),
        ),
        (
            r#"{"succcess_count":5,"warning_count":"6","error_count":7.0}"#,
            (5, 6, 7),
        ),
        (
            r#"{"success_count":5,"succcess_count":4,"error_count":-1}"#,
            (5, 1, 2),
        ),
        ("{}", (1, 1, 2)),
        ("null", (1, 1, 2)),
        ("[]", (1, 1, 2)),
    ] {
        let body = format!(r#"{{"meta":{meta},"data":{data}}}"#);
        let Answer::Results(receipt) = read(200, body.as_bytes(), &["a", "b", "c", "d"]) else {
            panic!("{body}");
        };
        let counts = (
            receipt.success_count,
            receipt.warning_count,
            receipt.error_count,
        );
        assert_eq!(counts, expected, "{meta}");
    }
}

#[test]
fn the_reason_for_one_message_is_kept() {
    let body = r#"{"data":[{"status":"error","error":{"code":3,"message":"no url","more_info":"see"},"warning":{"code":"4"}}]}"#;
    let Answer::Results(receipt) = read(200, body.as_bytes(), &["a"]) else {
        panic!("{body}");
    };
    let item = receipt.items.first().unwrap();
    let error = item.error.as_ref().unwrap();
    assert_eq!(error.code, Some(3));
    assert_eq!(error.message.as_deref(), Some("no url"));
    assert_eq!(error.more_info.as_deref(), Some("see"));
    assert_eq!(item.warning.as_ref().unwrap().code, Some(4));
}
