//! What a person may do: one table of permissions, the lowest role for each, and the four profiles
//! that every tenant has.

use tidewire_protocol::model::users::Role;

macro_rules! permissions {
    ($($id:literal $name:ident $key:literal $role:ident;)+) => {
        /// A permission, with its fixed number on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = concat!("`", $key, "`")] $name = $id,)+ }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// The least role that can hold it.
            pub const fn lowest_role(self) -> Role {
                match self { $(Self::$name => Role::$role,)+ }
            }

            pub const fn id(self) -> i64 {
                self as i64
            }

            pub fn from_id(id: i64) -> Option<Self> {
                match id { $($id => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

#[rustfmt::skip]
permissions! {
    1  UsersRead           "users.read"            User;
    2  ChatRead            "chat.read"             User;
    3  ChatWrite           "chat.write"            User;
    4  ChatCreateGroup     "chat.create_group"     User;
    5  EntitiesRead        "entities.read"         User;
    6  EntitiesWrite       "entities.write"        User;
    7  EntitiesMerge       "entities.merge"        User;
    8  EventsRead          "events.read"           User;
    9  EventsWrite         "events.write"          User;
    10 TemplatesRead       "templates.read"        User;
    11 AnalyticsRead       "analytics.read"        User;
    12 SettingsRead        "settings.read"         User;
    13 EmailSettingsRead   "email_settings.read"   User;
    14 ProfilesRead        "profiles.read"         User;
    15 BillingRead         "billing.read"          User;
    16 SetupRead           "setup.read"            User;
    17 HealthRead          "health.read"           User;
    18 UsersCreate         "users.create"          Manager;
    19 UsersUpdate         "users.update"          Manager;
    20 UsersDeactivate     "users.deactivate"      TenantAdmin;
    21 UsersDelete         "users.delete"          TenantAdmin;
    22 SessionsManage      "sessions.manage"       TenantAdmin;
    23 ProfilesManage      "profiles.manage"       TenantAdmin;
    24 SettingsManage      "settings.manage"       TenantAdmin;
    25 EmailSettingsManage "email_settings.manage" TenantAdmin;
    26 TemplatesManage     "templates.manage"      TenantAdmin;
    27 BillingManage       "billing.manage"        TenantAdmin;
    28 SetupManage         "setup.manage"          TenantAdmin;
    29 AuditRead           "audit.read"            TenantAdmin;
    30 ServiceTokensManage "service_tokens.manage" TenantAdmin;
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u64);

impl Permissions {
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission.id()) != 0
    }

    /// The permissions of these numbers; unknown numbers count for nothing.
    pub fn from_ids(ids: impl IntoIterator<Item = i64>) -> Self {
        ids.into_iter().filter_map(Permission::from_id).collect()
    }

    /// What `role` may do with a profile that grants `self`. An administrator has everything whatever
    /// the profile says, so that nobody can lock a tenant out.
    pub fn effective(self, role: Role) -> Self {
        match role {
            Role::TenantAdmin | Role::Super => Permission::ALL.iter().copied().collect(),
            Role::User | Role::Manager => {
                self.iter().filter(|permission| permission.lowest_role() <= role).collect()
            }
        }
    }

    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// The keys, sorted.
    pub fn keys(self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self.iter().map(Permission::key).collect();
        keys.sort_unstable();
        keys
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission.id()))
    }
}

/// A profile that exists in every tenant and cannot be changed.
#[derive(Debug, Clone, Copy)]
pub struct SystemProfile {
    pub id: i64,
    pub name: &'static str,
    pub description: &'static str,
    ids: &'static [std::ops::RangeInclusive<i64>],
}

impl SystemProfile {
    pub fn permissions(&self) -> Permissions {
        Permissions::from_ids(self.ids.iter().cloned().flatten())
    }
}

/// The four system profiles.
pub const SYSTEM_PROFILES: [SystemProfile; 4] = [
    SystemProfile { id: 1, name: "Standard user", description: "Everyday work", ids: &[1..=17] },
    SystemProfile {
        id: 2,
        name: "Manager",
        description: "Everyday work, and inviting people",
        ids: &[1..=19],
    },
    SystemProfile { id: 3, name: "Administrator", description: "Everything", ids: &[1..=30] },
    SystemProfile {
        id: 4,
        name: "Read only",
        description: "Looking, not changing",
        ids: &[1..=2, 5..=5, 8..=8, 10..=17],
    },
];

/// The profile of a person to whom none was given.
pub const fn default_profile_id(role: Role) -> i64 {
    match role {
        Role::User => 1,
        Role::Manager => 2,
        Role::TenantAdmin | Role::Super => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_cannot_exceed_itself_by_a_profile() {
        let everything = SYSTEM_PROFILES[2].permissions();
        assert!(!everything.effective(Role::User).contains(Permission::UsersCreate));
        assert!(everything.effective(Role::Manager).contains(Permission::UsersCreate));
        assert!(!everything.effective(Role::Manager).contains(Permission::UsersDelete));
        assert_eq!(Permissions::default().effective(Role::TenantAdmin).iter().count(), 30);
    }

    #[test]
    fn read_only_reads_only() {
        let ids: Vec<_> = SYSTEM_PROFILES[3].permissions().iter().map(Permission::id).collect();
        assert_eq!(ids, [1, 2, 5, 8, 10, 11, 12, 13, 14, 15, 16, 17]);
    }
}
