package house

import (
	"slices"
	"strings"
)

// rule says what a package may import of the module, and of the dependencies that are kept in few places.
// A name ending in /... stands for the package and everything below it.
type rule struct {
	name    string   // the packages the rule is for, relative to the module
	inside  []string // packages of the module that it may import
	outside []string // guarded dependencies that it may import
}

// guarded are the dependencies that stay where they belong. Everything else of go.mod may be used anywhere but in the
// vocabulary and the rules, which import the standard library only.
var guarded = map[string]string{
	"cron":  "github.com/robfig/cron",
	"arrow": "github.com/apache/arrow",
	"zap":   "go.uber.org/zap",
	"pgx":   "github.com/jackc/pgx",
	"aws":   "github.com/aws/",
	"yaml":  "github.com/goccy/go-yaml",
	"cobra": "github.com/spf13/cobra",
}

// anywhere lets a package import everything of the module.
var anywhere = []string{"..."}

var vocabulary = []string{"internal/audit", "internal/money", "internal/pan", "internal/record"}

// rules is the house: who may import whom. A package that no rule names fails the test.
var rules = []rule{
	{name: "internal/audit"},
	{name: "internal/money"},
	{name: "internal/pan"},
	{name: "internal/record", inside: []string{"internal/audit", "internal/money"}},
	{name: "internal/join", inside: []string{"internal/spill"}},
	{name: "internal/tabular", inside: []string{"internal/join"}, outside: []string{"arrow"}},
	{name: "internal/orc", inside: []string{"internal/join"}},
	{name: "internal/golden", inside: vocabulary},
	{name: "internal/simulate", inside: []string{"internal/audit", "internal/record"}},
	{name: "internal/simulate/receipts", inside: vocabulary},
	{name: "internal/pipeline", inside: []string{"internal/audit", "internal/record"}},
	{name: "internal/awscall", outside: []string{"aws"}},
	{name: "internal/ddbjson", inside: []string{"internal/audit", "internal/record"}},

	{name: "internal/spill"},
	{name: "auditors/lww/sift", inside: append([]string{"auditors/lww", "internal/spill"}, vocabulary...)},
	{name: "auditors/...", inside: append([]string{"internal/join", "internal/spill"}, vocabulary...)},
	{name: "internal/calendar"},
	{name: "reconcile/...", inside: append([]string{"internal/calendar", "internal/join", "internal/spill", "reconcile/..."}, vocabulary...)},

	{name: "sources/aurora", inside: vocabulary, outside: []string{"pgx", "zap"}},
	{name: "sources/ddbstream", inside: append([]string{"internal/awscall", "internal/ddbjson", "internal/pipeline"}, vocabulary...), outside: []string{"aws", "zap"}},
	{name: "sources/inventory", inside: append([]string{"internal/awscall", "internal/join", "internal/orc", "internal/tabular"}, vocabulary...), outside: []string{"aws", "arrow", "zap"}},
	{name: "sources/settlement/delivery", inside: []string{"internal/awscall"}, outside: []string{"aws"}},
	{name: "sources/settlement/...", inside: append([]string{"internal/calendar", "sources/settlement/..."}, vocabulary...), outside: []string{"aws", "zap"}},
	{name: "sources/ledgerfile", inside: append([]string{"internal/join", "internal/tabular"}, vocabulary...)},
	{name: "sources/ddbtable", inside: append([]string{"internal/awscall", "internal/ddbjson"}, vocabulary...), outside: []string{"aws"}},
	{name: "sources/kinesis", inside: append([]string{"internal/awscall", "internal/ddbjson"}, vocabulary...), outside: []string{"aws"}},
	{name: "sources/incident", inside: vocabulary, outside: []string{"yaml"}},
	{name: "sources/sourcetest", inside: append([]string{"internal/pipeline"}, vocabulary...)},
	{name: "sources/...", inside: append([]string{"internal/awscall", "internal/pipeline"}, vocabulary...), outside: []string{"aws", "zap"}},

	{name: "sinks/store", inside: append([]string{"migrations"}, vocabulary...), outside: []string{"pgx", "zap"}},
	{name: "sinks/...", inside: vocabulary, outside: []string{"zap"}},
	{name: "migrations"},
	{name: "runbooks"},

	{name: "schedules", inside: []string{"internal/audit", "internal/pipeline"}, outside: []string{"cron"}},
	{name: "internal/archive", inside: vocabulary, outside: []string{"arrow", "zap"}},
	{name: "internal/archive/s3place", inside: []string{"internal/archive", "internal/awscall"}, outside: []string{"aws"}},
	{name: "internal/archive/archivetest", inside: append([]string{"internal/archive"}, vocabulary...)},
	{name: "internal/config", inside: append([]string{"internal/calendar"}, vocabulary...), outside: []string{"yaml", "pgx"}},
	{name: "internal/bench/...", inside: anywhere, outside: []string{"arrow", "aws", "pgx"}},
	{name: "internal/history", inside: append([]string{"internal/archive", "auditors/lww", "auditors/lww/sift"}, vocabulary...)},
	{name: "internal/canary", inside: append([]string{"auditors/lww"}, vocabulary...)},
	{name: "internal/console/...", inside: []string{"internal/audit", "internal/pipeline"}, outside: []string{"zap"}},
	{name: "internal/pgserver", outside: []string{"pgx"}},
	{name: "internal/house"},

	// The lab computes nothing with product code: only the private PostgreSQL is ours.
	{name: "internal/lab/...", inside: []string{"internal/lab/...", "internal/pgserver"}, outside: []string{"pgx", "arrow", "aws"}},

	{name: "internal/app", inside: anywhere, outside: []string{"pgx", "zap", "aws"}},
	{name: "cmd/parallax", inside: []string{"internal/app", "internal/config"}, outside: []string{"cobra"}},
}

// pure packages import nothing but the standard library and what their rule lists.
var pure = []string{"internal/audit", "internal/money", "internal/pan", "internal/record", "internal/join", "internal/spill", "internal/pipeline", "internal/ddbjson", "auditors/...", "reconcile/..."}

// covers reports whether a name, which may end in /..., stands for a package.
func covers(name, pkg string) bool {
	if name == "..." {
		return true
	}
	folder, below := strings.CutSuffix(name, "/...")
	return pkg == folder || below && strings.HasPrefix(pkg, folder+"/")
}

// coversAny reports whether any of the names stands for a package.
func coversAny(names []string, pkg string) bool {
	for _, name := range names {
		if covers(name, pkg) {
			return true
		}
	}
	return false
}

// ruleFor is the first rule that names a package.
func ruleFor(pkg string) (rule, bool) {
	for _, r := range rules {
		if covers(r.name, pkg) {
			return r, true
		}
	}
	return rule{}, false
}

// breach says what is wrong with an import, or nothing.
func (r rule) breach(pkg, imported string) string {
	if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
		if coversAny(r.inside, inside) {
			return ""
		}
		return pkg + " imports " + inside + ", which its rule (" + r.name + ") does not allow"
	}
	for name, path := range guarded {
		if !strings.HasPrefix(imported, path) {
			continue
		}
		if slices.Contains(r.outside, name) {
			return ""
		}
		return pkg + " imports " + imported + ", which its rule (" + r.name + ") does not allow"
	}
	if strings.Contains(strings.Split(imported, "/")[0], ".") && coversAny(pure, pkg) {
		return pkg + " imports " + imported + ", but it may only import the standard library"
	}
	return ""
}
