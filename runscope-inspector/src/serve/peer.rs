use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use std::net::IpAddr;

/// Who a connection comes from, among a request's extensions. Behind a proxy, that is the proxy: what
/// it says of others anybody could say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Tells a router who asks.
#[derive(Debug, Clone)]
pub(super) struct Told {
    app: TowerToHyperService<Router>,
    peer: Peer,
}

impl Told {
    pub(super) fn new(app: Router, peer: IpAddr) -> Self {
        Self {
            app: TowerToHyperService::new(app),
            peer: Peer(peer.to_canonical()),
        }
    }
}

impl Service<Request<Incoming>> for Told {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.app.call(request)
    }
}
