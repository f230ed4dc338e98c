//! Why a notice cannot be judged.

/// Why a notice could not be judged at all. None of these is a fault of the notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// Something the notice meets was not loaded; see [`super::Known::missing`].
    #[error("an entry, owner or notice that the notice meets was not loaded")]
    NotLoaded,
    /// The codes of a person form a circle: the master is damaged.
    #[error("the codes of a person form a circle")]
    Chain,
    /// An entry contradicts itself: the master is damaged.
    #[error("a removed entry whose reason is no removal")]
    Standing,
}
