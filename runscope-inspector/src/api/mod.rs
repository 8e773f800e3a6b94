//! The HTTP API: the messages API as documented, and what the inspector adds under `/api/v1`.
//!
//! | path | methods | token |
//! |---|---|---|
//! | `/buckets/{key}/messages` | `POST` one message or an array; `GET ?count&since&before`; `DELETE` | write; read; owner |
//! | `/buckets/{key}/errors` | `GET ?count&since&before` | read |
//! | `/buckets/{key}/messages/{uuid}` | `GET` | read |
//! | `/buckets/{key}/shared` | `GET` | read |
//! | `/buckets/{key}/shared/{uuid}` | `PUT`, `DELETE` | owner |
//! | `/buckets`, `/buckets/{key}` | `GET`, `POST`; `GET`, `DELETE` | owner; read for one bucket's `GET` |
//! | `/account` | `GET` | owner |
//! | `/api/v1/buckets/{key}/search` | `GET ?q&cursor&limit&count_to&bodies&deadline` | read |
//! | `/api/v1/buckets/{key}/facets`, `/histogram`, `/summary` | `GET ?q&deadline`, with `values` or `step` | read |
//! | `/api/v1/buckets/{key}/tail` | `GET ?q`: server-sent events | read |
//! | `/api/v1/buckets/{key}/export` | `GET ?q&format=ndjson\|har` | read |
//! | `/api/v1/buckets/{key}/import` | `POST ?format=ndjson\|har` | write |
//! | `/api/v1/buckets/{key}/compare` | `GET ?a&b`: two uuids | read |
//! | `/api/v1/buckets/{key}/exchanges/{uuid}/replay` | `POST`, with an edited request or none | owner |
//! | `/api/v1/buckets/{key}/tokens`, `/tokens/{id}` | `GET`, `POST`; `DELETE` | owner |
//! | `/api/v1/buckets/{key}/views`, `/views/{id}` | `GET`, `POST` a name and a filter; `PUT`, `DELETE` | read; owner |
//! | `/api/v1/alerts`, `/alerts/{id}`, `/alerts/notices` | `GET` what fires and fired, and what was told | owner |
//! | `/api/v1/alerts/rules`, `/rules/{id}`, `/rules/{id}/silence` | `GET`, `POST`; `GET`, `PUT`, `DELETE`; `PUT` | owner |
//! | `/api/v1/alerts/export`, `/import`, `/preview` | `GET ?format=json\|toml`; `POST` | owner |
//! | `/api/v1/alerts/channels`, `/channels/{id}`, `/channels/{id}/test` | `GET`, `POST`; `GET`, `PUT`, `DELETE`; `POST` | owner |
//! | `/api/v1/shared/{name}` | `GET` | none: the name is the key |
//! | `/api/v1/stats` | `GET` | owner |
//! | `/open?token=` | `GET`: trades the owner's token for a session cookie | |
//! | `/api/v1/openapi.json` | `GET`: all of this, exactly | none |
//! | `/metrics` | `GET`: for Prometheus | owner, or the one for metrics |
//! | `/healthz` | `GET` | none |
//! | `/`, `/b`, `/b/{key}/…`, `/assets/…` | the web page | the session's cookie |
//!
//! Every answer but the web page's, downloads, event streams and metrics is JSON in the envelope
//! `{"data":…,"meta":{"status":…},"error":…}`, errors of every kind too.

mod app;
mod routes;
mod state;
mod door;
mod auth;
mod cookie;
mod sessions;
mod access;
mod error;
mod read;
mod envelope;
mod numbers;
mod parameters;
mod room;
mod body;
mod elements;
mod ingest;
mod readback;
mod messages;
mod buckets;
mod shared;
mod tokens;
mod views;
mod search;
mod tail;
mod har;
mod export;
mod import;
mod compare;
mod replay;
mod alerts;
mod metrics;
mod access_log;
mod openapi;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

pub use app::app;
pub(crate) use auth::Caller;
pub use auth::{InvalidToken, Token};
pub(crate) use body::Received;
pub(crate) use buckets::{LONGEST_NAME, default_team, deletable, new_bucket};
pub(crate) use compare::compared;
pub(crate) use cookie::Cookie;
pub(crate) use envelope::Params;
pub(crate) use error::ApiError;
pub(crate) use har::archive;
pub(crate) use messages::{failed, message_uuid, no_message};
pub(crate) use readback::reason;
pub(crate) use replay::{Edit, hindrance, replayed};
pub(crate) use state::root;
pub use state::{AppState, Config, Limits};
pub(crate) use tail::{follow, last_seen};
pub(crate) use tokens::{LONGEST_NAME as LONGEST_TOKEN_NAME, token_name};
pub(crate) use views::new_view;
