package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sources/ddbtable"
)

// tableNow is what a plan rests on: the records that findings name, and the items as they stand now.
type tableNow struct {
	table   config.Table
	named   map[recordName]record.Change
	present map[audit.Region]ddbtable.Reading
}

type recordName struct {
	region audit.Region
	ref    string // shard/sequence number
}

// table plans the items that are to be written again.
func (p *planning) table(ctx context.Context, table config.Table, found []audit.StoredFinding) error {
	if len(found) == 0 {
		return nil
	}
	if table.Attributes.WriteID == "" {
		for _, f := range found {
			p.byHand(f, "decide by hand: tables[].attributes.write_id is not mapped, so that a repair could not be told from other writes")
		}
		return nil
	}
	now := tableNow{table: table, present: map[audit.Region]ddbtable.Reading{}}
	var err error
	if now.named, err = p.evidence(ctx, table, found); err != nil {
		return err
	}
	for _, region := range p.cfg.Regions {
		if now.present[region], err = p.itemsOf(ctx, table.Name, region, keysOfFindings(found)); err != nil {
			return err
		}
	}
	for _, f := range found {
		it, why, unread := now.plan(f)
		switch {
		case unread:
			p.unread(why, f)
		case why != "":
			p.byHand(f, why)
		default:
			p.plan.Items = append(p.plan.Items, it)
		}
	}
	return nil
}

// itemsOf reads the items of some keys as a region has them now.
func (a *App) itemsOf(ctx context.Context, table string, region audit.Region, keys []string) (ddbtable.Reading, error) {
	src := &ddbtable.Source{Tables: a.aws.dynamodb(region), Table: table, Region: region, Timeout: a.cfg.AWS.Timeout, Retries: a.patience()}
	return src.Get(ctx, audit.Window{}, slices.Compact(slices.Sorted(slices.Values(keys))))
}

// evidence reads the records that findings name from the archive. Those it has not are left out.
func (a *App) evidence(ctx context.Context, table config.Table, found []audit.StoredFinding) (map[recordName]record.Change, error) {
	named := map[string]*naming{}
	for _, f := range found {
		if err := a.name(ctx, table, f, named); err != nil {
			return nil, err
		}
	}
	out := map[recordName]record.Change{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		n := named[name]
		changes, err := archive.Read(ctx, a.place(), n.segment)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			continue // what it holds is then missing, and the finding is left to a later attempt
		}
		for _, c := range changes {
			for _, f := range n.findings[c.Seq] {
				if c.Key == f.Key {
					out[recordName{c.Region, c.Shard + "/" + c.Seq}] = c
				}
			}
		}
	}
	return out, nil
}

// plan plans the writes of one finding, or says why it cannot.
func (n tableNow) plan(f audit.StoredFinding) (it repair.Item, why string, unread bool) {
	for region, reading := range n.present {
		if _, read := reading.Images[f.Key]; !read {
			why = "the item could not be read in " + string(region)
			if len(reading.Gaps) > 0 {
				why = reading.Gaps[0].Reason
			}
			return it, why, true
		}
		it.Keys = reading.Keys
	}
	it.About, it.Table = about(f), n.table.Name
	switch f.Kind {
	case audit.LWWNotReplicated:
		why, unread = n.repeat(f, &it)
	case audit.LWWLostWrite:
		why, unread = n.restore(f, &it)
	default:
		why, unread = n.removeAgain(f, &it)
	}
	if why == "" {
		why = unwritable(it)
	}
	return it, why, unread
}

// unwritable says what keeps an item's writes out of any file.
func unwritable(it repair.Item) string {
	for _, w := range it.Writes {
		if pan.Mask(string(w.Before)) != string(w.Before) || pan.Mask(string(w.After)) != string(w.After) {
			return "an attribute of the item looks like a card number, which no file may hold: mend it by hand"
		}
		named := maps.Collect(w.Before.All())
		maps.Insert(named, w.After.All())
		if len(named) > repair.MostAttributes {
			return "the item has more attributes than one condition can name: mend it by hand"
		}
	}
	return ""
}

const (
	notInArchive = "the archive no longer has the records that the finding names"
	movedOn      = "decide by hand: the item has changed since the audit saw it"
	mendedNow    = "nothing is left to do: the item is mended; the next run clears the finding"
)

// seen is the record of the first piece of evidence whose note ends so.
func (n tableNow) seen(f audit.StoredFinding, note string) (record.Change, bool) {
	for _, e := range f.Evidence {
		if strings.HasSuffix(e.Note, note) {
			c, ok := n.named[recordName{e.Region, e.Ref}]
			return c, ok
		}
	}
	return record.Change{}, false
}

func (n tableNow) item(region audit.Region, key string) record.Image {
	return n.present[region].Images[key]
}

// repeat writes a version again where it stands, so that it is replicated: a write that changed nothing would not be, so it
// gets a write id of its own. A removal that did not arrive is made again where the item still is.
func (n tableNow) repeat(f audit.StoredFinding, it *repair.Item) (why string, unread bool) {
	if !slices.ContainsFunc(f.Evidence, func(e audit.Evidence) bool { return strings.HasSuffix(e.Note, "the first that did not arrive") }) {
		return "decide by hand: the finding rests on a comparison of the replicas, which tells no history", false
	}
	newest, ok := n.seen(f, "the newest that did not arrive")
	if !ok {
		if newest, ok = n.seen(f, "the first that did not arrive"); !ok {
			return notInArchive, true
		}
	}
	here, there := n.item(newest.Region, f.Key), n.item(f.Region, f.Key)
	if older, ok := n.seen(f, "what the other region still holds"); ok && older.New != there && here != there {
		return movedOn, false
	}
	switch {
	case here == there:
		return mendedNow, false
	case here != newest.New:
		return movedOn, false
	case here.Absent():
		it.Region = f.Region
		it.Writes = []repair.Request{{Operation: "delete-item", Before: there}}
	default:
		it.Region = newest.Region
		it.Writes = []repair.Request{{Operation: "update-item", Before: here, After: n.rewritten(f, here, here, newest.Region)}}
	}
	return "", false
}

// restore puts the lost version back, as a new write on top of the one that was kept.
func (n tableNow) restore(f audit.StoredFinding, it *repair.Item) (why string, unread bool) {
	if f.Verdict != audit.Proven {
		return "decide by hand: the loss is not proven, for it rests on a clock", false
	}
	lost, kept, ok := n.lostAndKept(f)
	if !ok {
		return notInArchive, true
	}
	if why := n.standsAs(f, kept.New); why != "" {
		return why, false
	}
	if sameContent(n.table.Attributes, lost.New, kept.New) {
		return "nothing is left to restore: the same content was kept", false
	}
	it.Region = f.Region
	it.Writes = []repair.Request{{Operation: "update-item", Before: kept.New, After: n.rewritten(f, lost.New, kept.New, f.Region)}}
	return "", false
}

// lostAndKept are the version that was lost, which stands before its replacement in the evidence, and the one that took its
// place.
func (n tableNow) lostAndKept(f audit.StoredFinding) (lost, kept record.Change, ok bool) {
	i := slices.IndexFunc(f.Evidence, func(e audit.Evidence) bool { return strings.HasSuffix(e.Note, "replaced it here") })
	if i < 1 || !strings.HasSuffix(f.Evidence[i-1].Note, "lost") {
		return lost, kept, false
	}
	lost, okLost := n.named[recordName{f.Evidence[i-1].Region, f.Evidence[i-1].Ref}]
	kept, okKept := n.named[recordName{f.Evidence[i].Region, f.Evidence[i].Ref}]
	return lost, kept, okLost && okKept && !lost.New.Absent() && !kept.New.Absent()
}

// removeAgain removes again what came back: first the item is marked as about to be, so that its history tells why it went.
func (n tableNow) removeAgain(f audit.StoredFinding, it *repair.Item) (why string, unread bool) {
	if f.Verdict != audit.Proven {
		return "decide by hand: the loss is not proven, for it rests on a clock", false
	}
	back, ok := n.seen(f, "came back here")
	if !ok {
		return notInArchive, true
	}
	if why := n.standsAs(f, back.New); why != "" {
		return why, false
	}
	marked := n.rewritten(f, back.New, back.New, f.Region)
	it.Region = f.Region
	it.Writes = []repair.Request{
		{Operation: "update-item", Before: back.New, After: marked},
		{Operation: "delete-item", Before: marked},
	}
	it.WriteID = n.table.Attributes.WriteID
	for _, region := range slices.Sorted(maps.Keys(n.present)) {
		if region != f.Region {
			it.Elsewhere = append(it.Elsewhere, region)
		}
	}
	return "", false
}

// standsAs says why an item is no longer, in every region, the one that the audit saw.
func (n tableNow) standsAs(f audit.StoredFinding, image record.Image) string {
	for _, region := range slices.Sorted(maps.Keys(n.present)) {
		switch now := n.item(region, f.Key); {
		case now.Text(n.table.Attributes.WriteID) == audit.RepairWriteID(f.Fingerprint), f.Kind == audit.LWWLostDelete && now.Absent():
			return mendedNow
		case now != image:
			return movedOn
		}
	}
	return ""
}
