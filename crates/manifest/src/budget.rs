//! How much of a tree may be walked through its aliases, which make a small text stand for a large
//! one.

use crate::error::Problem;
use crate::tree::{Fault, MAX_DEPTH, MAX_EXPANSION, NodeId};

/// How often a walk may come by the same node: as an entry that is looked up, as one that is listed
/// with the others of its mapping, and as a value.
const VISITS_PER_NODE: usize = 4;

/// The visits and the depth that are left to one walk.
pub(crate) struct Budget {
    visits: usize,
    depth: usize,
}

impl Budget {
    /// A budget for so many nodes: each of them, and more by aliases.
    pub(crate) fn for_nodes(nodes: usize) -> Self {
        Self {
            visits: nodes * VISITS_PER_NODE + MAX_EXPANSION,
            depth: MAX_DEPTH,
        }
    }

    /// Steps into a node and `inside` others at once. Every step has its [`Self::leave`].
    pub(crate) fn enter(&mut self, node: NodeId, inside: usize) -> Result<(), Fault> {
        let fault = |problem| Fault { node, problem };
        let visits = self.visits.checked_sub(1 + inside);
        self.visits = visits.ok_or(fault(Problem::TooManyAliases))?;
        let depth = self.depth.checked_sub(1);
        self.depth = depth.ok_or(fault(Problem::TooDeep))?;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }
}
