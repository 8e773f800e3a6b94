use super::{Assertion, Comparison, Source};
use crate::alerts::seen::Seen;
use crate::exchange::{Attributes, Timestamp};
use runscope_core::{Message, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every comparison with every source: `property = value: what comes of it`, for each source of
/// Runscope's in its order.
const TABLE: &str = r#"
equal                    | 404:t 200:f 404.0:f | Content-Type=text/json:t content-type=TEXT/JSON:f Nope=:f | success=true:t n=3:t n=3.0:f off=false:t nope=:f gone=null:t | /a/b=2.5:t /a/c=:t //nope=:f | {}:f | 250:t 250.0:f | 119:t 120:f
not_equal                | 200:t 404:f | content-type=x:t content-type=text/json:f Nope=x:t | success=false:t success=true:f nope=x:t | /a/b=3:t /a/b=2.5:f //nope=x:t | {}:t | 251:t 250:f | 1:t 119:f
empty                    | :f | Content-Type:f X-Empty:t Nope:t | success:f blank:t none:t gone:t nope:t n:f | /a/b:f /a/c:t //nope:t | :f | :f | :f
not_empty                | :t | Content-Type:t X-Empty:f Nope:f | success:t blank:f none:f gone:f nope:f n:t | /a/b:t /a/c:f //nope:f | :t | :t | :t
contains                 | 40:t 50:f | content-type=json:t content-type=xml:f X-Many=b:t Nope=x:f | success=ru:t list=b:t list=x:f nested="d":t nope=x:f | /a/b=.5:t /a/b=x:f //nope=x:f | success:t nothing:f | 25:t 3:f | 11:t 2:f
does_not_contain         | 50:t 40:f | content-type=xml:t content-type=json:f Nope=x:t | success=x:t success=ru:f nope=x:t | /a/b=x:t /a/b=.5:f //nope=x:t | nothing:t success:f | 3:t 25:f | 2:t 11:f
is_a_number              | :t | Content-Type:f X-Count:t Nope:f | n:t text_n:t success:f list:f gone:f nope:f | /a/b:t /a/c:f //nope:f | :f | :t | :t
equal_number             | 404.0:t 405:f abc:x | X-Count=7.0:t Content-Type=7:f Nope=0:f | n=3.0:t text_n=15:t success=1:f nope=0:f | /a/b=2.50:t //nope=0:f | 1:f | 250.0:t 251:f | 119:t 1:f
is_less_than             | 405:t 404:f | X-Count=8:t X-Count=7:f Content-Type=8:f | n=4:t n=3:f list=4:f nope=1:f | /a/b=3:t /a/b=2.5:f | 1:f | 251:t 250:f | 120:t 119:f
is_less_than_or_equal    | 404:t 403:f | X-Count=7:t X-Count=6:f | n=3:t n=2:f | /a/b=2.5:t /a/b=2:f | 1:f | 250:t 249:f | 119:t 118:f
is_greater_than          | 403:t 404:f | X-Count=6:t X-Count=7:f | n=2:t n=3:f | /a/b=2:t /a/b=2.5:f | 1:f | 249.5:t 250:f | 118:t 119:f
is_greater_than_or_equal | 404:t 405:f | X-Count=7:t X-Count=8:f | n=3:t n=4:f | /a/b=2.5:t /a/b=3:f | 1:f | 250:t 251:f | 119:t 120:f
has_key                  | a:x | Content-Type=a:x | nested=d:t nested=e:f list=a:f nope=a:f =success:t | /a=b:x | a:x | a:x | a:x
has_value                | a:x | Content-Type=a:x | nested=e:t nested=d:f list=a:t list=z:f n=3:f | /a=b:x | a:x | a:x | a:x
is_null                  | :x | Content-Type:x | gone:t n:f nope:f | /a:x | :x | :x | :x
"#;

const JSON: &str = r#"{"success":"true","n":3,"text_n":"15","off":false,"blank":"","none":[],"gone":null,"list":["a","b"],"nested":{"d":"e"}}"#;
const XML: &str = "<a><b>2.5</b><c/></a>";

#[test]
fn every_comparison_of_every_source_holds_does_not_or_is_refused() {
    let mut cells = BTreeSet::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let mut columns = line.split('|').map(str::trim);
        let comparison = columns.next().unwrap();
        for ((source, name), column) in Source::RUNSCOPE.into_iter().zip(columns) {
            for case in column.split_whitespace() {
                let (asked, expected) = case.rsplit_once(':').unwrap();
                let has_property =
                    ["response_headers", "response_json", "response_xml"].contains(&name);
                let (property, value) = match asked.split_once('=') {
                    Some((property, value)) if has_property => (property, value),
                    None if has_property => (asked, ""),
                    _ => ("", asked),
                };
                let takes_none =
                    ["empty", "not_empty", "is_a_number", "is_null"].contains(&comparison);
                let value = if takes_none {
                    Value::Null
                } else {
                    json!(value)
                };
                let written = json!({ "source": name, "property": property, "comparison": comparison, "value": value });
                let found =
                    Assertion::read(&written, "/assertions/0").map(|read| holds(&read, source));
                match (found, expected) {
                    (Ok(true), "t") | (Ok(false), "f") | (Err(_), "x") => {}
                    (found, _) => panic!("{written}: {found:?}, expected {expected}"),
                }
                cells.insert((comparison, name));
            }
        }
    }
    assert_eq!(cells.len(), 15 * 7);
    assert_eq!(Comparison::ALL.len(), 15);
}

/// Of a call that has both parts; the body is of the kind that the source reads.
fn holds(assertion: &Assertion, source: Source) -> bool {
    let body = if source == Source::ResponseXml {
        XML
    } else {
        JSON
    };
    let mut response = Response::new(404).response_time(0.25).body(body.as_bytes());
    for (name, value) in [
        ("Content-Type", "text/json"),
        ("X-Empty", ""),
        ("X-Count", "7"),
        ("X-Many", "a"),
        ("X-Many", "b"),
    ] {
        response.headers.push(name, value);
    }
    let message = Message::new()
        .request(Request::new("POST", "https://shop.example/items?page=2").body(JSON.as_bytes()))
        .response(response);
    of(assertion, &message)
}

fn of(assertion: &Assertion, message: &Message) -> bool {
    let attributes = Attributes::of(message, Timestamp::now());
    assertion.holds(&Seen::new(&attributes, message, Timestamp::now()))
}

#[test]
fn the_request_and_the_connection_are_sources_beyond_runscopes() {
    for (written, expected) in [
        (
            json!({"source": "request_method", "comparison": "equal", "value": "POST"}),
            true,
        ),
        (
            json!({"source": "request_url", "comparison": "contains", "value": "page=2"}),
            true,
        ),
        (
            json!({"source": "request_json", "property": "n", "comparison": "equal_number", "value": 3}),
            true,
        ),
        (
            json!({"source": "request_json", "property": "list[*]", "comparison": "equal", "value": "b"}),
            true,
        ),
        (
            json!({"source": "request_text", "comparison": "contains", "value": "nested"}),
            true,
        ),
        (
            json!({"source": "request_headers", "property": "accept", "comparison": "empty"}),
            true,
        ),
        (
            json!({"source": "request_size", "comparison": "is_greater_than", "value": 100}),
            true,
        ),
        (
            json!({"source": "request_xml", "property": "/a", "comparison": "not_empty"}),
            false,
        ),
        (
            json!({"source": "connection_outcome", "comparison": "equal", "value": "error"}),
            false,
        ),
    ] {
        let assertion = Assertion::read(&written, "").unwrap();
        assert_eq!(
            holds(&assertion, Source::RequestText),
            expected,
            "{written}"
        );
        assert_eq!(
            Assertion::read(&assertion.to_json(), "").unwrap(),
            assertion
        );
    }
}

#[test]
fn nothing_holds_of_a_response_that_did_not_come() {
    let alone = Message::new().request(Request::new("GET", "https://shop.example/"));
    for comparison in ["empty", "not_empty"] {
        let written = json!({ "source": "response_status", "comparison": comparison });
        assert!(!of(&Assertion::read(&written, "").unwrap(), &alone));
    }
    let written = json!({ "source": "response_status", "comparison": "not_equal", "value": "200" });
    assert!(!of(&Assertion::read(&written, "").unwrap(), &alone));
}

#[test]
fn a_wrong_assertion_is_refused_with_place_and_way_out() {
    for (written, field, position) in [
        (json!("x"), "", None),
        (
            json!({"comparison": "equal", "value": "1"}),
            "/source",
            None,
        ),
        (
            json!({"source": "response_body", "comparison": "equal", "value": "1"}),
            "/source",
            None,
        ),
        (
            json!({"source": "response_status", "comparison": "equals", "value": "1"}),
            "/comparison",
            None,
        ),
        (
            json!({"source": "response_status", "comparison": "equal"}),
            "/value",
            None,
        ),
        (
            json!({"source": "response_status", "comparison": "empty", "value": "1"}),
            "/value",
            None,
        ),
        (
            json!({"source": "response_status", "comparison": "equal", "value": ["1"]}),
            "/value",
            None,
        ),
        (
            json!({"source": "response_status", "property": "x", "comparison": "empty"}),
            "/property",
            None,
        ),
        (
            json!({"source": "response_headers", "comparison": "empty"}),
            "/property",
            None,
        ),
        (
            json!({"source": "response_headers", "property": "a b", "comparison": "empty"}),
            "/property",
            None,
        ),
        (
            json!({"source": "response_json", "property": "a[", "comparison": "empty"}),
            "/property",
            Some(2),
        ),
        (
            json!({"source": "response_xml", "property": "/a[", "comparison": "empty"}),
            "/property",
            Some(3),
        ),
        (
            json!({"source": "response_status", "comparision": "equal"}),
            "/comparision",
            None,
        ),
    ] {
        let mistake = Assertion::read(&written, "").unwrap_err();
        assert_eq!(
            (mistake.field(), mistake.position()),
            (field, position),
            "{written}"
        );
        assert!(!mistake.reason().is_empty() && !mistake.fix().is_empty());
    }
}
