//! Works on what is to reach people outside of the app: mails and pushes.

use crate::{
    App, Result,
    notify::{mails, pushes},
};

/// Does what is due of every kind, a batch of each at most; answers how much was taken.
pub(crate) async fn deliver_due(app: &App) -> Result<usize> {
    let mut taken = mails::send_due(app).await?;
    for platform in app.push.platforms() {
        taken += pushes::push_due(app, platform).await?;
    }
    Ok(taken)
}
