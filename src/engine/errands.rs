//! Work that runs beside the engine and may hold a secret: counted, and over before the engine is.

use std::future::Future;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All such work. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Errands {
    tracker: TaskTracker,
    cut: CancellationToken,
}

impl Errands {
    /// Begins some. Must be called inside a tokio runtime.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.start_on(&Handle::current(), work);
    }

    /// The same, from a thread outside of the runtime.
    pub fn start_on(&self, runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        self.tracker.spawn_on(
            async move {
                tokio::select! {
                    () = cut.cancelled() => {}
                    () = work => {}
                }
            },
            runtime,
        );
    }

    /// Whether nothing is under way.
    pub fn are_done(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Ends what is under way where it stands: what it holds is dropped.
    pub fn cut_off(&self) {
        self.cut.cancel();
        self.tracker.close();
    }

    /// Waits until nothing is under way any more, after [`Errands::cut_off`].
    pub async fn over(&self) {
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn what_never_ends_is_cut_off_and_lets_go_of_what_it_holds() {
        let errands = Errands::default();
        let held = Arc::new(());
        let inner = Arc::clone(&held);
        errands.start(async move {
            let _held = inner;
            std::future::pending::<()>().await;
        });
        assert!(!errands.are_done());
        errands.cut_off();
        errands.over().await;
        assert!(errands.are_done());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
