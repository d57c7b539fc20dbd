/** Whether a row of `datasets` is there for the account that stands in `$account`: its own, shared with all, or with it. */
export const visibleTo = (account: `$${number}`): string => `(
  datasets.permission = 'all_team_members' OR datasets.created_by = ${account} OR datasets.permission = 'partial_members' AND EXISTS
    (SELECT 1 FROM dataset_permissions p WHERE p.workspace_id = datasets.workspace_id AND p.dataset_id = datasets.id AND p.account_id = ${account}))`
