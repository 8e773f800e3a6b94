#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    Axum,
    Actix,
}

/// What is put round an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    Bare,
    /// A layer or middleware that does nothing: what the framework takes for having one.
    Nothing,
    /// Ours, put where its docs put it.
    Ours {
        bodies: bool,
    },
    /// Ours round a whole `Router`.
    OursRound {
        bodies: bool,
    },
    #[cfg(feature = "peers")]
    Peer(Peer),
}

#[cfg(feature = "peers")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// tower-http's `TraceLayer` where nobody listens.
    TraceOff,
    /// The same, written as text into a sink.
    TraceFmt,
    /// The layer of OpenTelemetry with a batch processor and an exporter that throws away.
    OpenTelemetry,
    /// Sentry's layers, each request a transaction, and a transport that throws away.
    Sentry,
    /// outlet with bodies and a handler that throws away.
    Outlet,
    /// A middleware as one writes it: both bodies are buffered, and put in again.
    Buffer,
    /// The same, and what is to be sent is made of them at once.
    BufferJson,
    /// actix-web's `Logger` as its documentation shows it: env_logger writes each line with its time,
    /// level and module, here into a sink.
    LoggerEnv,
    /// The same where nothing is done with what the `Logger` itself makes of an exchange.
    LoggerFormatted,
    /// A middleware that makes JSON of each exchange at once and posts it, as the gateway plugin did
    /// whose successor this library is.
    PostEach { bodies: bool },
}

impl Framework {
    pub const ALL: [Self; 2] = [Self::Axum, Self::Actix];

    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }

    /// What can be put round an app of this framework, in the order of the tables.
    pub fn variants(self) -> Vec<Variant> {
        let mut all = vec![Variant::Bare, Variant::Nothing];
        #[cfg(feature = "peers")]
        all.extend(self.peers().iter().copied().map(Variant::Peer));
        for bodies in [false, true] {
            all.push(Variant::Ours { bodies });
        }
        if self == Self::Axum {
            for bodies in [false, true] {
                all.push(Variant::OursRound { bodies });
            }
        }
        all
    }

    /// What is compared as a whole server.
    pub fn servers(self) -> Vec<Variant> {
        let mut all = Vec::new();
        #[cfg(feature = "peers")]
        {
            let with_bodies = |peer: &&Peer| !matches!(peer, Peer::Buffer | Peer::BufferJson);
            let peers = self.peers().iter().filter(with_bodies);
            all.extend(peers.copied().map(Variant::Peer));
            if self == Self::Axum {
                let each = [false, true].map(|bodies| Peer::PostEach { bodies });
                all.extend(each.map(Variant::Peer));
            }
        }
        all.extend([false, true].map(|bodies| Variant::Ours { bodies }));
        all
    }

    #[cfg(feature = "peers")]
    fn peers(self) -> &'static [Peer] {
        match self {
            Self::Axum => &[
                Peer::TraceOff,
                Peer::TraceFmt,
                Peer::OpenTelemetry,
                Peer::Sentry,
                Peer::Outlet,
                Peer::Buffer,
                Peer::BufferJson,
            ],
            Self::Actix => &[Peer::LoggerEnv, Peer::LoggerFormatted],
        }
    }
}

impl Variant {
    /// Its name on the command line and in the baseline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Nothing => "nothing",
            Self::Ours { bodies: false } => "ours",
            Self::Ours { bodies: true } => "ours-bodies",
            Self::OursRound { bodies: false } => "ours-round",
            Self::OursRound { bodies: true } => "ours-round-bodies",
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.name(),
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Nothing => "a layer that does nothing",
            Self::Ours { bodies: false } => "**runscope**, no bodies",
            Self::Ours { bodies: true } => "**runscope**, bodies",
            Self::OursRound { bodies: false } => {
                "**runscope**, no bodies, round the whole `Router`"
            }
            Self::OursRound { bodies: true } => "**runscope**, bodies, round the whole `Router`",
            #[cfg(feature = "peers")]
            Self::Peer(peer) => peer.title(),
        }
    }

    pub fn is_ours(self) -> bool {
        matches!(self, Self::Ours { .. } | Self::OursRound { .. })
    }
}

#[cfg(feature = "peers")]
impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::TraceOff => "trace-off",
            Self::TraceFmt => "trace-fmt",
            Self::OpenTelemetry => "opentelemetry",
            Self::Sentry => "sentry",
            Self::Outlet => "outlet",
            Self::Buffer => "buffer",
            Self::BufferJson => "buffer-json",
            Self::LoggerEnv => "logger-env",
            Self::LoggerFormatted => "logger-formatted",
            Self::PostEach { bodies: false } => "post-each",
            Self::PostEach { bodies: true } => "post-each-bodies",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::TraceOff => "tower-http `TraceLayer`, tracing off",
            Self::TraceFmt => "tower-http `TraceLayer`, fmt into a sink",
            Self::OpenTelemetry => "OpenTelemetry's layer, batches, null exporter",
            Self::Sentry => "sentry-tower, transactions, null transport",
            Self::Outlet => "outlet, bodies",
            Self::Buffer => "by hand: buffer both bodies",
            Self::BufferJson => "by hand: buffer, and JSON in the request's path",
            Self::LoggerEnv => "actix-web `Logger`, env_logger into a sink",
            Self::LoggerFormatted => "actix-web `Logger`, formatted only",
            Self::PostEach { bodies: false } => "by hand: one POST an exchange, no bodies",
            Self::PostEach { bodies: true } => "by hand: one POST an exchange, bodies",
        }
    }
}
