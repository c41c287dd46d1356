use session_core::Handle;

/// Closes the session without a commit if a panic drops it.
///
/// Rocket catches panics and answers them like errors, so the response fairing runs; but by then
/// the unwinding has dropped the guards that were in scope.
#[derive(Debug, Clone)]
pub(crate) struct Watch(pub(crate) Handle);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
    }
}
