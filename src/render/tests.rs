//! What a deployment must hold, whatever the target.
