use super::state::AppState;
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

/// A router that remembers what was added to it, so that its description can be held to it.
#[derive(Debug, Default)]
pub(super) struct Routes {
    router: Router<AppState>,
    added: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(super) fn get<T: 'static>(
        self,
        path: &'static str,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.on(Method::GET, MethodFilter::GET, path, handler)
    }

    pub(super) fn post<T: 'static>(
        self,
        path: &'static str,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.on(Method::POST, MethodFilter::POST, path, handler)
    }

    pub(super) fn put<T: 'static>(
        self,
        path: &'static str,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, path, handler)
    }

    pub(super) fn delete<T: 'static>(
        self,
        path: &'static str,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    fn on<T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: impl Handler<T, AppState>,
    ) -> Self {
        self.router = self.router.route(path, on(filter, handler));
        self.added.push((method, path));
        self
    }

    /// Every method and path, in the order in which they were added.
    #[cfg(test)]
    pub(super) fn added(&self) -> &[(Method, &'static str)] {
        &self.added
    }

    pub(super) fn into_router(self) -> Router<AppState> {
        self.router
    }
}
