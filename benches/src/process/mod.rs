//! What a whole server takes: processor time, throughput and instructions over loopback, each variant
//! in a process of its own, in rounds beside the bare app.

mod api;
mod child;
mod cpu;
mod load;
mod server;
mod run;
mod instructions;
mod memory;

pub use api::{Api, Manners};
pub use child::Child;
pub use cpu::{thread_sleeps, thread_time};
pub use instructions::instructions;
pub use load::load;
pub use memory::memory;
pub use run::run;
pub use server::serve;
