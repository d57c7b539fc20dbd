export const permissions = { 'audit-log:read': 'See who did what in the workspace' }
