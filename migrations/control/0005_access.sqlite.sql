create trigger audit_entry_stays before update on audit_entry begin
  select raise(abort, 'audit entries are never changed');
end;
create trigger audit_entry_lasts before delete on audit_entry begin
  select raise(abort, 'audit entries are never removed');
end;
