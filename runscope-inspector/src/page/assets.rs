//! Style, scripts and icons: in the binary, so that a fresh clone has its page without a build of
//! its own.

use super::address::Path;
use super::error::PageError;
use crate::api::ApiError;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content: &'static str,
}

macro_rules! assets {
    ($($name:literal,)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            content: include_str!(concat!("../../assets/", $name)),
        }),*];
    };
}

assets! {
    "app.css",
    "app.js",
    "alerts.css",
    "alerts.js",
    "call.css",
    "call.js",
    "list.css",
    "list.js",
    "live.js",
    "plot.js",
    "rows.js",
    "times.js",
    "summary.js",
    "copy.js",
    "theme.js",
    "icon.svg",
}

/// One version for all, so that a script can name another beside it.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for Asset { name, content } in ASSETS {
        hash.update(name);
        hash.update(content);
    }
    let mut version = String::new();
    for byte in hash.finalize().iter().take(8) {
        // Writing to a string does not fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
});

/// The path of an asset, which changes with its content.
pub(super) fn path(prefix: &str, name: &str) -> String {
    debug_assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
    format!("{prefix}/assets/{}/{name}", *VERSION)
}

/// An asset of this version, to be kept by the browser as long as it likes.
pub(super) async fn serve(
    Path((version, name)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name && version == *VERSION)
        .ok_or_else(|| ApiError::not_found("there is no such file in this version"))?;
    let headers = [
        (header::CONTENT_TYPE, content_type(asset.name)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    Ok((headers, asset.content).into_response())
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each colour is written once, with its light and its dark, so that the two ways to ask for dark
    /// can't come apart.
    #[test]
    fn dark_colours_stand_beside_the_light_ones() {
        for Asset { name, content } in ASSETS.iter().filter(|asset| asset.name.ends_with("css")) {
            assert!(!content.contains("prefers-color-scheme"), "{name}");
            for (at, _) in content.match_indices("[data-theme=") {
                let rule = content[at..].split('}').next().unwrap_or_default();
                assert!(rule.contains("{ color-scheme: "), "{name}: {rule}");
                assert!(!rule.contains("--"), "{name}: {rule}");
            }
        }
    }
}
