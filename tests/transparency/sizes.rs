//! Bodies of all sizes, streamed both ways, compared with what was sent.

use super::client::echo;
use super::pair::{Pair, STACKS, Side};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use runscope::Config;

const SIZES: [u64; 11] = [
    0,
    1,
    4095,
    4096,
    4097,
    16 * 1024,
    64 * 1024 - 1,
    64 * 1024,
    64 * 1024 + 1,
    1 << 20,
    64 << 20,
];

#[test]
fn bodies_of_all_sizes_come_back_whole_and_framed_as_they_were() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for stack in STACKS {
        for log_body in [false, true] {
            let config = Config::builder()
                .log_body(log_body)
                .body_content_types(["*/*"]);
            let mut pair = Pair::start_with(stack, config);
            let mut count = 0;
            for http2 in [false, true] {
                for announced in [false, true] {
                    for size in SIZES {
                        // The largest ones once a protocol: they take the most time by far.
                        if size > 1 << 20 && announced {
                            continue;
                        }
                        let scene = |side: &mut Side| {
                            runtime.block_on(echo(side.address, http2, size, announced, || {}))
                        };
                        let headers = match log_body {
                            true => scene(&mut pair.layered),
                            false => pair.same(scene),
                        };
                        if !http2 {
                            assert_eq!(headers.contains_key(CONTENT_LENGTH), announced);
                            assert_eq!(headers.contains_key(TRANSFER_ENCODING), !announced);
                        }
                        count += 1;
                    }
                }
            }
            pair.recorded(count);
        }
    }
}
