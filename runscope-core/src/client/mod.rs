//! The typed client of the messages API: messages, buckets, the account, and a connection check.
//!
//! A [`Client`] is a cheap handle; clones share one connection pool. It verifies certificates and
//! host names always, follows no redirect, and sends its token only to the endpoint it was given.
//! It runs on tokio, and its own calls are neither traced nor captured.

mod options;
mod handle;
mod messages;
mod buckets;
mod account;
mod check;
pub(crate) mod answer;
mod error;
mod build_error;
mod endpoint;
mod http;
mod transport_error;
mod tls;
pub(crate) mod retry_after;
mod accept_encoding;
mod mark;
mod loose;

pub use account::Account;
pub use answer::{ItemResult, ItemStatus, Notice, Receipt};
pub use buckets::{Bucket, Team};
pub use build_error::BuildError;
pub use check::{CheckError, CheckReport, Stage};
pub use error::Error;
pub use handle::Client;
pub use messages::ListOptions;
pub use options::ClientOptions;

pub(crate) use answer::Answer;
pub(crate) use error::{Said, plain, shown_location};
pub(crate) use http::{Posted, RawAnswer};
pub(crate) use mark::{MARK_HEADER, process_mark};
pub(crate) use transport_error::{TransportError, TransportErrorKind};

use crate::config::AccessToken;
