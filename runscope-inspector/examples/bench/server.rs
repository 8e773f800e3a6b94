use crate::Outcome;
use crate::args::Args;
use runscope_inspector::api::{AppState, Config, Token, app};
use runscope_inspector::serve;
use runscope_inspector::store::{Durability, Settings, Sqlite};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::net::TcpListener;

/// The server, as a process of its own.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Server {
    pub(crate) fn start(directory: &Path, args: &Args) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve").arg(directory);
        if args.no_sync {
            command.arg("--no-sync");
        }
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (url, token) = line
            .trim()
            .split_once(' ')
            .ok_or("the server did not start")?;
        Ok(Self {
            process,
            url: url.to_owned(),
            token: token.to_owned(),
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed, and says where.
pub(crate) async fn serve(directory: &Path, args: &Args) -> Outcome<()> {
    let mut settings = Settings::new(directory);
    if args.no_sync {
        settings.durability = Durability::Process;
    }
    let store = Arc::new(Sqlite::open(settings)?);
    let token = Token::random();
    let state = AppState::new(Config::new(token.clone()), store);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{} {}", listener.local_addr()?, token.reveal());
    serve::serve(listener, app(state), std::future::pending()).await;
    Ok(())
}
