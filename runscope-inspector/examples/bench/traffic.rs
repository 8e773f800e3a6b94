//! Exchanges that are lifelike in their sizes (about 1,950 bytes of JSON) and in how often things
//! occur in them.

use runscope_inspector::exchange::Timestamp;
use std::fmt::{self, Write};

const ROUTES: [&str; 6] = ["checkout", "items", "users", "carts", "search", "sessions"];

const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "PUT"];

const WORDS: [&str; 24] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper",
    "kelp", "lark", "maple", "north", "onyx", "pine", "quartz", "river", "stone", "tern", "umber",
    "vale", "willow", "yarrow",
];

/// A JSON array of exchanges, from a number on.
pub(crate) fn array(first: u64, count: u64) -> String {
    let mut to = String::with_capacity(count as usize * 2100);
    for number in first..first + count {
        to.push(if number == first { '[' } else { ',' });
        // Writing to a string can't fail.
        let _ = write_exchange(&mut to, number);
    }
    to.push(']');
    to
}

fn write_exchange(to: &mut String, number: u64) -> fmt::Result {
    let mut random = splitmix(number);
    let mut pick = |from: u64| {
        random = splitmix(random);
        random % from
    };
    let route = ROUTES[pick(6) as usize];
    let method = METHODS[pick(5) as usize];
    let status = match pick(1000) {
        0..=9 => 500,
        10..=59 => 404,
        60..=89 => 402,
        _ => 200,
    };
    let millis = if pick(500) == 0 {
        2000 + pick(3000)
    } else {
        5 + pick(200)
    };
    let item = pick(100_000);
    let id = identifier(number);
    let time = Timestamp::now().as_seconds();
    write!(
        to,
        r#"{{"unique_identifier":"{id}","request":{{"method":"{method}","#
    )?;
    write!(
        to,
        r#""url":"https://api{}.example/{route}/{item}?page={}&session={:x}","#,
        pick(20),
        pick(9),
        pick(1 << 40)
    )?;
    to.write_str(
        r#""headers":{"accept":"application/json, text/plain, */*","accept-encoding":"gzip, deflate, br","content-type":"application/json","user-agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36","#,
    )?;
    write!(
        to,
        r#""x-request-id":"{id}","traceparent":"00-{:016x}{:016x}-{:016x}-01"}},"#,
        splitmix(number) >> 32,
        splitmix(number) << 32,
        splitmix(number + 7)
    )?;
    write!(to, r#""body":"{{\"item\":{item},\"note\":\""#)?;
    write_words(to, number ^ 3, 55);
    write!(
        to,
        r#"\",\"quantity\":{}}}","timestamp":{time}}},"#,
        pick(9)
    )?;
    write!(
        to,
        r#""response":{{"status":{status},"headers":{{"content-type":"application/json; charset=utf-8","cache-control":"no-store","server":"shop/2.1","etag":"W/\"{:x}\""}},"body":""#,
        splitmix(item)
    )?;
    match status {
        402 | 500 => {
            let kind = if status == 402 {
                "card_declined"
            } else {
                "internal"
            };
            write!(
                to,
                r#"{{\"error\":{{\"code\":{status},\"type\":\"{kind}\",\"message\":\""#
            )?;
            write_words(to, number, 40);
            to.write_str(r#"\"}}""#)?;
        }
        _ => {
            write!(to, r#"{{\"id\":{item},\"name\":\""#)?;
            write_words(to, number ^ 1, 4);
            to.write_str(r#"\",\"description\":\""#)?;
            write_words(to, number ^ 2, 95);
            write!(to, r#"\",\"stock\":{}}}""#, pick(50))?;
        }
    }
    let seconds = millis as f64 / 1000.0;
    write!(
        to,
        r#","response_time":{seconds},"timestamp":{}}},"#,
        time + seconds
    )?;
    write!(
        to,
        r#""context":{{"route":"/{route}/{{id}}","service":"shop","consumer":"customer-{}","outcome":"complete","protocol":"HTTP/1.1"}}}}"#,
        pick(500)
    )
}

fn write_words(to: &mut String, mut seed: u64, count: usize) {
    for at in 0..count {
        seed = splitmix(seed);
        if at > 0 {
            to.push(' ');
        }
        to.push_str(WORDS[(seed % 24) as usize]);
    }
}

/// The identifier of an exchange: the number in the form of a UUIDv7.
pub(crate) fn identifier(number: u64) -> String {
    let random = splitmix(number ^ 0xabcd);
    let time = 1_795_000_000_000 + number;
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        time >> 16,
        time & 0xffff,
        random >> 52,
        0x8000 | (random >> 36 & 0x3fff),
        random & 0xffff_ffff_ffff
    )
}

/// A well-mixed number for each number (Steele, Lea and Flood's SplitMix64).
pub(crate) fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
