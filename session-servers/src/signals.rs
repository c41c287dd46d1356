/// Gives a server the methods of its process.
macro_rules! signal_process {
    ($Server:ident, $($process:ident).+) => {
        impl $Server {
            /// Returns the server's port.
            #[must_use]
            pub fn port(&self) -> u16 {
                self.$($process).+.port()
            }

            /// Returns the server's log.
            #[must_use]
            pub fn log(&self) -> String {
                self.$($process).+.log()
            }

            /// Kills the server (SIGKILL).
            pub fn kill(&mut self) {
                self.$($process).+.kill();
            }

            /// Freezes the server (SIGSTOP).
            ///
            /// # Errors
            ///
            /// The signal could not be sent.
            pub fn freeze(&self) -> std::io::Result<()> {
                self.$($process).+.freeze()
            }

            /// Lets the server go on (SIGCONT).
            ///
            /// # Errors
            ///
            /// The signal could not be sent.
            pub fn thaw(&self) -> std::io::Result<()> {
                self.$($process).+.thaw()
            }
        }
    };
}

/// Gives a group of nodes the methods of their processes, by a node's index.
macro_rules! signal_nodes {
    ($Group:ident, $nodes:ident) => {
        impl $Group {
            /// Runs a command on a node with `redis-cli` and returns its output.
            ///
            /// # Errors
            ///
            /// The node can't be reached, or refuses the command.
            pub fn cli(&self, node: usize, words: &[&str]) -> std::io::Result<String> {
                self.$nodes[node].cli(words)
            }

            /// Kills a node (SIGKILL).
            pub fn kill(&mut self, node: usize) {
                self.$nodes[node].process.kill();
            }

            /// Starts a node again; it becomes a replica if another one has taken over.
            ///
            /// # Errors
            ///
            /// The node can't be started.
            pub fn restart(&mut self, node: usize) -> std::io::Result<()> {
                self.$nodes[node].process.restart()
            }

            /// Freezes a node (SIGSTOP).
            ///
            /// # Errors
            ///
            /// The signal could not be sent.
            pub fn freeze(&self, node: usize) -> std::io::Result<()> {
                self.$nodes[node].process.freeze()
            }

            /// Lets a node go on (SIGCONT).
            ///
            /// # Errors
            ///
            /// The signal could not be sent.
            pub fn thaw(&self, node: usize) -> std::io::Result<()> {
                self.$nodes[node].process.thaw()
            }
        }
    };
}

pub(crate) use {signal_nodes, signal_process};
