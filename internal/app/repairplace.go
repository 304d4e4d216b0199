package app

import (
	"context"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/sinks/repair"
	"parallax/sources/aurora"
)

// placeRows says of each planned row of a ledger where its file is to be run, and leaves to hand what does not fit the table
// there.
func (p *planning) placeRows(ctx context.Context, l config.Ledger) error {
	mine := func(r repair.Row) bool { return r.Scope == l.Name }
	if !slices.ContainsFunc(p.plan.Rows, mine) {
		return nil
	}
	homes, err := p.homes(ctx, l)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var placed []repair.Row
	for _, r := range p.plan.Rows {
		if !mine(r) {
			placed = append(placed, r)
			continue
		}
		home, read := homes[r.Target]
		if !read {
			why := reasonOf(err, "the copy of ledger "+l.Name+" that is in force for it could not be read")
			p.plan.ByHand = append(p.plan.ByHand, repair.ByHand{About: r.About, Why: pan.Mask(why), Unread: true})
			continue
		}
		if why := unfit(home, r); why != "" {
			p.plan.ByHand = append(p.plan.ByHand, repair.ByHand{About: r.About, Why: why})
			continue
		}
		r.Table, r.Home = home.Table, repair.Home{Database: home.Database, System: home.System}
		if home.Newest != "" && pan.Mask(home.Newest) == home.Newest {
			r.Home.Newest = &repair.Column{Name: r.Payment.Name, Type: r.Payment.Type, Value: &home.Newest}
		}
		placed = append(placed, r)
	}
	p.plan.Rows = placed
	return nil
}

// homes are the databases in force: by region where the ledger is sharded, and else one, by no region.
func (a *App) homes(ctx context.Context, l config.Ledger) (map[audit.Region]aurora.Home, error) {
	writers, err := a.writersOf(ctx, l)
	if err != nil {
		return nil, err
	}
	out := map[audit.Region]aurora.Home{}
	for _, region := range writers {
		src, err := a.ledgerAt(ctx, l, region)
		if err != nil {
			return out, err
		}
		home, err := src.Home(ctx)
		if err != nil {
			return out, err
		}
		if !l.Sharded() {
			region = ""
		}
		out[region] = home
	}
	return out, nil
}

// unfit says what keeps a row out of the table as it is in force: a value may be cut or rounded by a column of another type.
func unfit(home aurora.Home, r repair.Row) string {
	for _, c := range slices.Concat(r.Insert, r.Set, []repair.Column{r.Payment}) {
		i := slices.IndexFunc(home.Columns, func(h aurora.FullColumn) bool { return h.Name == c.Name })
		switch {
		case i < 0:
			return "decide by hand: the ledger in force has no column " + c.Name
		case home.Columns[i].Type != c.Type || home.Columns[i].Generated:
			return "decide by hand: column " + c.Name + " of the snapshot is of another type than in the ledger in force"
		}
	}
	return ""
}
