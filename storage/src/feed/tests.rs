use tidewire_testkit::on_both_engines;
use uuid::Uuid;

use super::*;
use crate::testing::{ACME, NOW, open, user_id, within};

on_both_engines! {
    async fn a_reader_sees_every_kind_of_change_since_an_instant_and_some_before(db: TestDb) {
        let db = open(&db).await;
        let session_id = SessionId::new(Uuid::from_u128(5));
        let channel_id = ChannelId::new(Uuid::from_u128(6));
        let user_id = user_id(2);
        let reason = RevocationReason::Logout;
        let changes = [
            Change::SessionRevoked { session_id, user_id, reason },
            Change::UserChanged { user_id },
            Change::TenantChanged,
            Change::SettingChanged { key: SettingKey::ChatEnabled },
            Change::Membership { user_id, channel_id },
        ];
        within(&db, async |conn| {
            append(conn, ACME, Change::TenantChanged, NOW.plus_ms(-SWEEP_OVERLAP_MS - 1)).await?;
            for change in changes {
                append(conn, ACME, change, NOW.plus_ms(-SWEEP_OVERLAP_MS)).await?;
            }
            Ok(())
        })
        .await;
        let mut conn = db.read().await.unwrap();
        let items = since(&mut conn, NOW, 100).await.unwrap();
        assert!(items.iter().all(|item| item.tenant_id == ACME));
        assert!(items.is_sorted_by_key(|item| item.id));
        assert_eq!(items.iter().map(|item| item.change).collect::<Vec<_>>(), changes);
        assert_eq!(since(&mut conn, NOW, 2).await.unwrap().len(), 2);
        assert!(since(&mut conn, NOW.plus_ms(1), 100).await.unwrap().is_empty());
    }
}
