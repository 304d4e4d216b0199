package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"parallax/internal/audit"
)

// check holds the configuration against its rules. It reports everything it finds.
func (d *decoder) check(cfg *Config) {
	d.checkTags(reflect.ValueOf(cfg).Elem(), "", cfg)
	d.checkRegions(cfg.Regions)
	d.checkEndpoints(cfg.AWS.Endpoints)
	d.checkArchive(cfg.Archive)
	d.checkTables(cfg.Tables, cfg.Regions)
	d.checkLimits(cfg.Limits)
	ledgers := d.checkLedgers(cfg.Ledgers)
	d.checkReceipts(cfg.Receipts, cfg.Ledgers)
	d.checkQueueHosts(cfg.Receipts, cfg.AWS.Endpoints)
	d.checkCommands(cfg.Commands, ledgers)
	d.checkSettlement(cfg.Settlement, ledgers, cfg.Statements)
	d.checkTopology(cfg.Topology)
	d.checkSigns(cfg.Topology, cfg.Regions)
	d.checkFailover(cfg.Failover)
}

// checkTags applies what the tags of the structs say: required, enum, keys; and that durations and numbers are above zero.
func (d *decoder) checkTags(v reflect.Value, key string, cfg *Config) {
	for _, f := range fields(v) {
		d.checkField(f, join(key, f.name), cfg)
	}
}

func (d *decoder) checkField(f field, key string, cfg *Config) {
	v := f.value
	if _, required := f.tag.Lookup("required"); required && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0) {
		d.wrongAt(key, "must be set")
		return
	}
	if !isLeaf(v) {
		d.checkInside(f, key, cfg)
		return
	}
	if allowed := strings.Fields(f.tag.Get("enum")); len(allowed) > 0 {
		_, defaulted := f.tag.Lookup("default")
		if (v.String() != "" || defaulted) && !slices.Contains(allowed, v.String()) {
			d.wrongAt(key, "must be "+strings.Join(allowed, " or "))
		}
	}
	d.checkSign(f, key)
}

// checkSign refuses what is below zero, and zero where it makes no sense.
func (d *decoder) checkSign(f field, key string) {
	if f.value.Kind() != reflect.Int && f.value.Type() != durationType {
		return
	}
	_, zero := f.tag.Lookup("zero")
	if n := f.value.Int(); n < 0 || n == 0 && !zero {
		text := "must be above zero"
		if zero {
			text = "must not be below zero"
		}
		d.wrongAt(key, text)
	}
}

// checkInside goes into groups, lists and maps.
func (d *decoder) checkInside(f field, key string, cfg *Config) {
	v := f.value
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			d.checkTags(v.Elem(), key, cfg)
		}
	case reflect.Slice:
		d.checkItems(v, key, cfg)
	case reflect.Map:
		d.checkEntries(f, key, cfg)
	default:
		d.checkTags(v, key, cfg)
	}
}

// checkItems checks each item, and that no name stands twice.
func (d *decoder) checkItems(v reflect.Value, key string, cfg *Config) {
	seen := map[string]bool{}
	for i := range v.Len() {
		name := ""
		if f := v.Index(i).FieldByName("Name"); f.IsValid() {
			name = f.String()
		}
		itemKey := join(key, nameOr(name, i))
		if seen[name] && name != "" {
			d.wrongAt(itemKey, "the name stands twice")
		}
		seen[name] = true
		d.checkTags(v.Index(i), itemKey, cfg)
	}
}

// checkEntries checks each entry, and that its key is a region or a job where it must be one.
func (d *decoder) checkEntries(f field, key string, cfg *Config) {
	var known []string
	switch f.tag.Get("keys") {
	case "region":
		for _, r := range cfg.Regions {
			known = append(known, string(r))
		}
		if key == "aws.endpoints" {
			known = append(known, string(global))
		}
	case "job":
		known = sortedNames(defaultSchedules())
	}
	for _, k := range f.value.MapKeys() {
		entryKey := join(key, k.String())
		if known != nil && !slices.Contains(known, k.String()) {
			d.wrongAt(entryKey, "unknown "+f.tag.Get("keys")+", "+suggest(k.String(), known))
			continue
		}
		entry := reflect.New(f.value.Type().Elem()).Elem()
		entry.Set(f.value.MapIndex(k))
		switch {
		case isStruct(entry):
			d.checkTags(entry, entryKey, cfg)
		case entry.String() == "":
			d.wrongAt(entryKey, "must not be empty")
		}
	}
}

// regionName is how AWS names regions: eu-west-1, us-gov-east-1.
var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

func (d *decoder) checkRegions(regions []audit.Region) {
	if len(regions) < 2 {
		d.wrongAt("regions", fmt.Sprintf("two regions are compared, %d given", len(regions)))
	}
	seen := map[audit.Region]bool{}
	for i, r := range regions {
		key := fmt.Sprintf("regions.%d", i)
		if !regionName.MatchString(string(r)) {
			d.wrongAt(key, "not the name of an AWS region, for example eu-west-1")
		}
		if seen[r] {
			d.wrongAt(key, "the region stands twice")
		}
		seen[r] = true
	}
}

func (d *decoder) checkTopology(t Topology) {
	if t.GlobalCluster == "" && len(t.Clusters) > 0 {
		d.wrongAt("topology", "clusters need the global_cluster they belong to")
	}
	if t.GlobalCluster != "" && len(t.Clusters) == 0 {
		d.wrongAt("topology", "global_cluster needs the cluster of each region under clusters")
	}
}
