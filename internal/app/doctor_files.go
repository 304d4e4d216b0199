package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"parallax/internal/config"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/unwrap"
)

// settlement looks where the files of every feed and every statement come to, and tries the keys they need.
func (d *doctor) settlement(ctx context.Context) {
	for _, s := range d.cfg.Settlement {
		d.delivery(ctx, "settlement", s.Name, s.Delivery)
		if _, err := reader(s); err != nil {
			d.missing("settlement files", s.Name, err.Error(), "correct the layout of settlement."+s.Name)
		}
		if err := matchRules(s, config.Ledger{}).Check(); err != nil {
			d.missing("settlement rules", s.Name, err.Error(), "correct settlement."+s.Name+".rules")
		}
	}
	for _, s := range d.cfg.Statements {
		d.delivery(ctx, "statements", s.Name, s.Delivery)
	}
}

func (d *doctor) delivery(ctx context.Context, section, name string, at config.Delivery) {
	what := map[string]string{"settlement": "settlement files", "statements": "bank statements"}[section]
	if _, err := openerOf(at); err != nil {
		d.missing(what, name, err.Error(), "correct "+section+"."+name+".pgp")
	}
	place, err := d.app.placeOf(at)
	if err != nil {
		d.missing(what, name, err.Error(), "correct "+section+"."+name)
		return
	}
	defer place.Close() //nolint:errcheck // it was only listed
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	listing, err := place.List(ctx)
	switch {
	case err != nil:
		d.missing(what, name, err.Error(), cmp.Or(unwrap.Remedy(err), "correct "+section+"."+name+".path"))
	case len(listing.Files) == 0:
		d.missing(what, name, "no file matches "+at.Path, "check the folder and that files are delivered to it")
	default:
		newest := slices.MaxFunc(listing.Files, func(a, b delivery.File) int { return strings.Compare(a.Name, b.Name) })
		d.ok(what, name, fmt.Sprintf("%d files, the newest %s", len(listing.Files), newest.Name))
	}
}
