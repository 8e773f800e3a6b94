//! Sending a captured request again, from this machine.
//!
//! That makes the server a door into its own network, so it is shut by default. Where it is opened, it
//! leads to the hosts on the list alone: a name is resolved once and the connection goes to the very
//! address that was judged; redirects are not followed, proxies of the environment are not used; this
//! machine's own addresses, link-local ones and those of cloud metadata services are refused unless the
//! list has the address itself. What comes back is bounded in time and bytes, cleaned of secrets like
//! any captured call, and kept as a call of its own that names the one it repeats.

mod settings;
mod door;
mod tls;
mod connect;
mod send;
mod record;

pub use settings::{AllowedHost, InvalidHost, Settings};

pub(crate) use connect::{addresses, connect};
pub(crate) use door::{Refused, Target, is_listed};
pub(crate) use record::message;
pub(crate) use send::send;
pub(crate) use settings::Host;
