//! What trouble with a server means to those who use a store.

use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::resource::{StoreError, StoreErrorKind};

impl Trouble {
    pub fn store_error(&self) -> StoreError {
        let kind = match self.kind {
            // A table that was changed under us may be changed back; until then it is as good as away.
            Kind::Lost | Kind::Login | Kind::Mismatch | Kind::Changed => {
                StoreErrorKind::Unavailable
            }
            Kind::Late | Kind::Cancelled | Kind::Contended => StoreErrorKind::TooSlow,
            Kind::Taken(_) | Kind::Value(_) => StoreErrorKind::Refused,
            Kind::Full => StoreErrorKind::DiskFull,
            Kind::ReadOnly | Kind::Forbidden => StoreErrorKind::ReadOnly,
            Kind::Broken => StoreErrorKind::Broken,
        };
        StoreError::new(kind, self.detail.clone())
    }
}
