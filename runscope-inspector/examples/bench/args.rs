use clap::Parser;
use std::path::PathBuf;

#[derive(Debug, Clone, Parser)]
pub(crate) struct Args {
    /// How many exchanges are written before the queries.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) exchanges: u64,

    /// How many exchanges are in one POST.
    #[arg(long, default_value_t = 100)]
    pub(crate) batch: u64,

    /// Connections that post at one time: each instance of an app has one.
    #[arg(long, default_value_t = 8)]
    pub(crate) senders: u64,

    /// How often each query is asked.
    #[arg(long, default_value_t = 200)]
    pub(crate) queries: usize,

    /// Exchanges written per second while queries are asked.
    #[arg(long, default_value_t = 1000)]
    pub(crate) background: u64,

    /// Alert rules that every exchange is shown to, none of which fires: half of them are about
    /// attributes, and half count by route.
    #[arg(long, default_value_t = 0)]
    pub(crate) rules: u32,

    /// Keep the files in this directory. One that has exchanges already is asked without being filled.
    #[arg(long)]
    pub(crate) directory: Option<PathBuf>,

    /// Only the queries and pages whose name has this text.
    #[arg(long, default_value = "")]
    pub(crate) only: String,

    /// Commit without waiting for the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,

    /// Be the server, with files in this directory.
    #[arg(long, hide = true)]
    pub(crate) serve: Option<PathBuf>,
}
