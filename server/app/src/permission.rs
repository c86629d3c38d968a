//! What people and services may do: one table of permissions, the lowest role for each, and the four
//! profiles that every tenant has.

use tidewire_protocol::model::users::Role;

macro_rules! permissions {
    ($($id:literal $name:ident $key:literal $lowest:ident $title:literal $description:literal;)+) => {
        /// A permission, with its fixed number on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = concat!("`", $key, "`")] $name = $id,)+ }

        impl Permission {
            /// Also those that only services hold.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// The least role that can hold it; `None` when only services can.
            pub const fn lowest_role(self) -> Option<Role> {
                match self { $(Self::$name => Lowest::$lowest.role(),)+ }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)+ }
            }

            pub const fn id(self) -> i64 {
                self as i64
            }

            pub fn from_id(id: i64) -> Option<Self> {
                match id { $($id => Some(Self::$name),)+ _ => None }
            }

            pub fn from_key(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

/// The last column but two of the table.
enum Lowest {
    User,
    Manager,
    TenantAdmin,
    Service,
}

impl Lowest {
    const fn role(self) -> Option<Role> {
        match self {
            Self::User => Some(Role::User),
            Self::Manager => Some(Role::Manager),
            Self::TenantAdmin => Some(Role::TenantAdmin),
            Self::Service => None,
        }
    }
}

#[rustfmt::skip]
permissions! {
    1   UsersRead           "users.read"            User        "See people"             "Read the list of people and their profiles";
    2   ChatRead            "chat.read"             User        "Read chats"             "Read the channels one is in";
    3   ChatWrite           "chat.write"            User        "Write in chats"         "Send, edit and delete messages";
    4   ChatCreateGroup     "chat.create_group"     User        "Create groups"          "Open group channels";
    5   EntitiesRead        "entities.read"         User        "See records"            "Read records and their links";
    6   EntitiesWrite       "entities.write"        User        "Change records"         "Add records, change them and link them";
    7   EntitiesMerge       "entities.merge"        User        "Merge records"          "Merge records and undo it";
    8   EventsRead          "events.read"           User        "See events"             "Read what happened to records";
    9   EventsWrite         "events.write"          User        "Add events"             "Report what happened to records";
    10  TemplatesRead       "templates.read"        User        "See templates"          "Read the texts of notifications";
    11  AnalyticsRead       "analytics.read"        User        "See figures"            "Read the figures of notifications";
    12  SettingsRead        "settings.read"         User        "See settings"           "Read what the company has decided";
    13  EmailSettingsRead   "email_settings.read"   User        "See mail settings"      "Read how mail leaves, without passwords";
    14  ProfilesRead        "profiles.read"         User        "See profiles"           "Read which profile holds which permissions";
    15  BillingRead         "billing.read"          User        "See the plan"           "Read plan, seats and period";
    16  SetupRead           "setup.read"            User        "See the set-up"         "Read which steps of the set-up are done";
    17  HealthRead          "health.read"           User        "See services"           "Read how the services are";
    18  UsersCreate         "users.create"          Manager     "Invite people"          "Add people and send invitations again";
    19  UsersUpdate         "users.update"          Manager     "Change people"          "Change names and profiles of people";
    20  UsersDeactivate     "users.deactivate"      TenantAdmin "Deactivate people"      "Deactivate people and bring them back";
    21  UsersDelete         "users.delete"          TenantAdmin "Delete people"          "Erase people for good";
    22  SessionsManage      "sessions.manage"       TenantAdmin "Sign people out"        "End the sign-ins of others";
    23  ProfilesManage      "profiles.manage"       TenantAdmin "Manage profiles"        "Create, change and deactivate profiles";
    24  SettingsManage      "settings.manage"       TenantAdmin "Manage settings"        "Change what the company has decided";
    25  EmailSettingsManage "email_settings.manage" TenantAdmin "Manage mail settings"   "Change how mail leaves";
    26  TemplatesManage     "templates.manage"      TenantAdmin "Manage templates"       "Change the texts of notifications";
    27  BillingManage       "billing.manage"        TenantAdmin "Manage the plan"        "Change plan and seats";
    28  SetupManage         "setup.manage"          TenantAdmin "Manage the set-up"      "Finish and skip steps of the set-up";
    29  AuditRead           "audit.read"            TenantAdmin "See the audit log"      "Read who did what";
    30  ServiceTokensManage "service_tokens.manage" TenantAdmin "Manage service tokens"  "Create and revoke tokens of services";
    101 NotificationsEmit   "notifications.emit"    Service     "Notify people"          "Raise notifications";
    102 ActionItemsWrite    "action_items.write"    Service     "Write action items"     "Put items on the lists of people";
    103 TokensIntrospect    "tokens.introspect"     Service     "Check tokens"           "Ask whether an access token is live";
    104 PushBridge          "push.bridge"           Service     "Deliver pushes"         "Take pushes over to devices";
}

impl Permission {
    /// What it is about: the part of its key before the dot.
    pub fn module(self) -> &'static str {
        self.key().split_once('.').map_or(self.key(), |(module, _)| module)
    }

    /// Whether a service may hold it.
    pub const fn is_for_services(self) -> bool {
        match self {
            Self::UsersRead
            | Self::EntitiesRead
            | Self::EntitiesWrite
            | Self::EntitiesMerge
            | Self::EventsRead
            | Self::EventsWrite => true,
            other => other.lowest_role().is_none(),
        }
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u128);

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
            Role::TenantAdmin | Role::Super => of_people().collect(),
            Role::User | Role::Manager => {
                let may_hold = |lowest: Role| lowest <= role;
                self.iter().filter(|held| held.lowest_role().is_some_and(may_hold)).collect()
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

/// The permissions that people can hold.
pub fn of_people() -> impl Iterator<Item = Permission> {
    Permission::ALL.iter().copied().filter(|permission| permission.lowest_role().is_some())
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
    fn what_is_for_services_is_for_no_role() {
        let granted = Permissions::from_ids(1..=104);
        assert_eq!(granted.iter().count(), Permission::ALL.len());
        for role in Role::ALL {
            assert!(!granted.effective(*role).contains(Permission::PushBridge), "{role:?}");
        }
        let held = Permission::ALL.iter().filter(|permission| permission.is_for_services());
        assert_eq!(held.count(), 10);
        for permission in Permission::ALL {
            assert_eq!(Permission::from_key(permission.key()), Some(*permission));
        }
    }

    #[test]
    fn read_only_reads_only() {
        let ids: Vec<_> = SYSTEM_PROFILES[3].permissions().iter().map(Permission::id).collect();
        assert_eq!(ids, [1, 2, 5, 8, 10, 11, 12, 13, 14, 15, 16, 17]);
    }
}
