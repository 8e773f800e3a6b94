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

    /// Connections that post at one time.
    #[arg(long, default_value_t = 4)]
    pub(crate) senders: u64,

    /// How often each query is asked.
    #[arg(long, default_value_t = 200)]
    pub(crate) queries: usize,

    /// Exchanges written per second while queries are asked.
    #[arg(long, default_value_t = 1000)]
    pub(crate) background: u64,

    /// Commit without waiting for the disk.
    #[arg(long)]
    pub(crate) no_sync: bool,

    /// Be the server, with files in this directory.
    #[arg(long, hide = true)]
    pub(crate) serve: Option<PathBuf>,
}
