//! Every row of the table of answers with every kind of `Retry-After`, over real sockets: the rows that
//! wait obey it as far as it makes sense, and the others do what they do without it.

mod support;

use runscope::{Config, Stats};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use support::api::{FakeApi, Reply};
use support::exchanges::{PATIENCE, assert_adds_up, record};

/// What a server may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Seconds,
    Date,
    Past,
    Negative,
    Huge,
    HugeDate,
    Garbage,
    None,
}

const WISHES: [Wish; 8] = [
    Wish::Seconds,
    Wish::Date,
    Wish::Past,
    Wish::Negative,
    Wish::Huge,
    Wish::HugeDate,
    Wish::Garbage,
    Wish::None,
];

impl Wish {
    fn header(self, now: SystemTime) -> Option<String> {
        let text = match self {
            Self::Seconds => "1".to_owned(),
            Self::Date => httpdate::fmt_http_date(now + AHEAD),
            Self::Past => "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
            Self::Negative => "-30".to_owned(),
            Self::Huge => "99999999999999999999".to_owned(),
            Self::HugeDate => "Fri, 31 Dec 9999 23:59:59 GMT".to_owned(),
            Self::Garbage => "s\u{fc}n\tsoon; 1e9".to_owned(),
            Self::None => return None,
        };
        Some(text)
    }

    /// How long a row that waits waits at least.
    fn least(self) -> Duration {
        match self {
            Self::Seconds => Duration::from_secs(1),
            // In fact a quarter of an hour, which is proved of the pure function.
            Self::Huge | Self::HugeDate => FOR_EVER,
            // It names a moment, and how far that is away is up to when the answer comes.
            Self::Date => Duration::ZERO,
            Self::Past | Self::Negative | Self::Garbage | Self::None => Duration::ZERO,
        }
    }

    /// Before when a row that waits does not go on, where the wish names a moment.
    fn moment(self, (instant, now): (Instant, SystemTime)) -> Option<Instant> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        // A date knows no parts of a second.
        let parts = Duration::from_nanos(since.subsec_nanos().into());
        (self == Self::Date).then(|| instant + AHEAD - parts)
    }
}

/// How far ahead a date is.
const AHEAD: Duration = Duration::from_secs(2);

/// Longer than this nothing here waits for what is not to come.
const FOR_EVER: Duration = Duration::from_secs(3);

/// What a row of the table asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// The same again, not before the wish.
    Waits,
    /// The same again, after a plain back-off.
    Pauses,
    /// The halves at once.
    Halves,
    /// It is taken.
    Taken,
    /// Two are taken, and the third goes again, not before the wish.
    PartlyTaken,
}

const ROWS: [(u16, Row); 19] = [
    (408, Row::Waits),
    (425, Row::Waits),
    (429, Row::Waits),
    (500, Row::Waits),
    (502, Row::Waits),
    (503, Row::Waits),
    (504, Row::Waits),
    (401, Row::Pauses),
    (403, Row::Pauses),
    (404, Row::Pauses),
    (301, Row::Pauses),
    (302, Row::Pauses),
    (307, Row::Pauses),
    (308, Row::Pauses),
    (413, Row::Halves),
    (400, Row::Halves),
    (422, Row::Halves),
    (204, Row::Taken),
    (200, Row::PartlyTaken),
];

/// Plays one row with one wish: the first answer is the row's, and then everything is taken.
fn play(status: u16, row: Row, wish: Wish) {
    let what = format!("{status} {wish:?}");
    let body = match row {
        Row::PartlyTaken => {
            r#"{"data":[{"status":"success"},{"status":"success"},{"status":"error","error":{"code":503}}]}"#
        }
        _ => "",
    };
    let now = (Instant::now(), SystemTime::now());
    let header = wish
        .header(now.1)
        .map(|value| ("retry-after".to_owned(), value));
    let answer = Reply::Answer(status, header.into_iter().collect(), body.to_owned());
    let api = FakeApi::answering([answer]);
    let config = Config::builder()
        .access_token("t0ken")
        .bucket_key("bucket")
        .api_endpoint(api.url())
        .max_coalescing_delay(Duration::from_secs(3600))
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(5))
        .shutdown_timeout(Duration::ZERO);
    let (recorder, _guard) =
        runscope::Recorder::start(config.build().expect("a config")).expect("a recorder");
    let ids = record(&recorder, 3);
    let obeys = matches!(row, Row::Waits | Row::PartlyTaken);
    if obeys && wish.least() == FOR_EVER {
        let left = recorder.flush_blocking(FOR_EVER).expect_err(&what);
        assert_eq!(api.posts().len(), 1, "{what}");
        let unsettled = if row == Row::Waits { 3 } else { 1 };
        assert_eq!(left.remaining(), unsettled, "{what}");
        assert_adds_up(&recorder.stats());
        return;
    }
    recorder.flush_blocking(PATIENCE).expect(&what);
    let stats: Stats = recorder.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.queued, stats.dropped.total()), (0, 0), "{what}");
    assert_eq!((stats.delivered, stats.rejected), (3, 0), "{what}");
    let posts = api.posts();
    let last = posts.last().expect("a post").at;
    let took = last - posts[0].at;
    match obeys {
        true => {
            assert!(took >= wish.least(), "{what}: {took:?}");
            let early = wish.moment(now).map(|moment| moment - last);
            assert!(
                early.is_none_or(|early| early.is_zero()),
                "{what}: {early:?}"
            );
        }
        // A wish that is passed over costs nothing; the back-off is of milliseconds.
        false => assert!(took < Duration::from_secs(60), "{what}: {took:?}"),
    }
    let sent: Vec<_> = posts.iter().map(support::api::Post::ids).collect();
    match row {
        Row::Waits | Row::Pauses => {
            assert_eq!(sent, [ids.clone(), ids], "{what}");
            assert_eq!(posts[0].body, posts[1].body, "{what}");
        }
        Row::Halves => assert_eq!(sent, [&ids[..], &ids[..1], &ids[1..]], "{what}"),
        Row::Taken => assert_eq!(sent, [ids], "{what}"),
        Row::PartlyTaken => assert_eq!(sent, [&ids[..], &ids[2..]], "{what}"),
    }
}

#[test]
fn every_row_of_the_table_meets_every_kind_of_retry_after() {
    for rows in ROWS.chunks(4) {
        thread::scope(|scope| {
            for &(status, row) in rows {
                for wish in WISHES {
                    scope.spawn(move || play(status, row, wish));
                }
            }
        });
    }
}
