package repair

import (
	"fmt"
	"strings"
	"time"
)

// placeSQL refuses to work too late or in the wrong place. A standby, a clone and a restored snapshot have the names and the
// system identifier of the cluster they come from; what they lack is the newest payment of the ledger in force. A shard's
// newest payment is in no other shard.
func placeSQL(p Plan, r Row) string {
	var b strings.Builder
	expires := p.Expires.UTC().Format(time.RFC3339)
	fmt.Fprintf(&b, `  if clock_timestamp() >= timestamptz %s then
    raise exception 'this repair file has expired at %s: nothing is changed, write it anew';
  end if;
  if pg_catalog.pg_is_in_recovery() then
    raise exception 'this database replays the changes of another: nothing is changed, run the file on the writer';
  end if;
  if pg_catalog.to_regclass(%s) is null then
    raise exception 'this database has no such table: %%: nothing is changed', %s;
  end if;
`, text(expires), expires, text(r.Table), text(r.Table))
	if r.Home.Database != "" {
		name := text(r.Home.Database)
		fmt.Fprintf(&b, `  if pg_catalog.current_database() <> %s then
    raise exception 'this database is %%, not %%: nothing is changed', pg_catalog.current_database(), %s;
  end if;
`, name, name)
	}
	if r.Home.System != "" {
		fmt.Fprintf(&b, `  begin
    if (select system_identifier::text from pg_catalog.pg_control_system()) <> %s then
      raise exception 'this is another cluster than the one that was read: nothing is changed';
    end if;
  exception when insufficient_privilege or undefined_function or feature_not_supported then
    null;
  end;
`, text(r.Home.System))
	}
	if newest := r.Home.Newest; newest != nil {
		fmt.Fprintf(&b, `  if not exists (select from %s where %s = %s) then
    raise exception 'this is not the ledger that was read, or its payment %% is gone: nothing is changed, write the file anew', %s;
  end if;
`, r.Table, identifier(newest.Name), literal(*newest), text(remark(*newest.Value)))
	}
	return b.String()
}
