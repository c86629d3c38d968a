use tidewire_testkit::on_both_engines;

use super::*;
use crate::testing::{House, person};

on_both_engines! {
    async fn permissions_are_those_of_profile_and_role_in_the_order_of_their_keys(db: TestDb) {
        let house = House::open(&db).await;
        house.member(person("Uwe")).await;
        let uwe = mine(&house.app, &house.actor("uwe@acme.example").await).await.unwrap();
        assert_eq!(uwe.profile, Some(ProfileRef { id: 1, name: "Standard user".to_owned() }));
        assert_eq!((uwe.permissions.len(), uwe.permission_ids.len()), (17, 17));
        assert!(uwe.permissions.is_sorted());
        assert_eq!((uwe.permissions[0].as_str(), uwe.permission_ids[0]), ("analytics.read", 11));
        assert_eq!(uwe.computed_at, house.app.clock.now());
        house.execute("update users set profile_id = null").await;
        let ada = mine(&house.app, &house.admin().await).await.unwrap();
        assert_eq!((ada.profile, ada.permissions.len()), (None, 30));
    }
}
