//! The apps that are measured, bare and with what is put round them.

mod variant;
pub mod on_axum;
pub mod on_actix;
pub mod nothing;
mod ours;
#[cfg(feature = "peers")]
mod by_hand;
#[cfg(feature = "peers")]
pub mod peers;

#[cfg(feature = "peers")]
pub use by_hand::{are_being_sent, send_each_to};
pub use ours::{Discard, Ours, PATIENCE};
#[cfg(feature = "peers")]
pub use variant::Peer;
pub use variant::{Framework, Variant};
