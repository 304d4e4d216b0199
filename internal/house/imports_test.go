package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "parallax"

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// goList asks the go command about packages, from the root of the module.
func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestImportsPointInward holds every import of every package against the rules.
func TestImportsPointInward(t *testing.T) {
	t.Parallel()
	packages := goList(t, "./...")
	if len(packages) < 10 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		r, known := ruleFor(name)
		if !known {
			t.Errorf("%s stands under no rule: say in rules_test.go what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			if text := r.breach(name, imported); text != "" {
				t.Error(text)
			}
		}
	}
}

// TestNothingReachesAround follows imports of imports: what a rule keeps out must not come in through another package.
func TestNothingReachesAround(t *testing.T) {
	t.Parallel()
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, dep := range p.Deps {
			inside := strings.TrimPrefix(dep, module+"/")
			switch {
			case covers("internal/lab/...", name):
				if dep != inside && !coversAny([]string{"internal/lab/...", "internal/pgserver"}, inside) {
					t.Errorf("%s reaches %s: the truth is never computed with product code", name, inside)
				}
			case coversAny(pure, name):
				if strings.Contains(strings.Split(dep, "/")[0], ".") {
					t.Errorf("%s reaches %s: it is pure", name, dep)
				}
			}
		}
	}
}

// TestRulesBreak makes sure that the rules can say no.
func TestRulesBreak(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pkg, imported string
		allowed       bool
	}{
		{"internal/audit", "time", true},
		{"internal/audit", "parallax/internal/money", false},
		{"internal/audit", "go.uber.org/zap", false},
		{"internal/join", "github.com/google/uuid", false},
		{"auditors/lww", "parallax/internal/record", true},
		{"auditors/lww", "parallax/auditors/lag", false},
		{"auditors/lww", "parallax/sources/aurora", false},
		{"auditors/lww", "go.uber.org/zap", false},
		{"reconcile", "parallax/internal/join", true},
		{"reconcile", "parallax/sinks/report", false},
		{"sources/aurora", "github.com/jackc/pgx/v5/pgxpool", true},
		{"sources/aurora", "parallax/sources/topology", false},
		{"sources/ddbstream", "github.com/jackc/pgx/v5", false},
		{"sources/topology", "github.com/aws/aws-sdk-go-v2/service/rds", true},
		{"sources/topology", "parallax/sources/sourcetest", false},
		{"sources/sourcetest", "parallax/internal/pipeline", true},
		{"sources/sourcetest", "parallax/sources/topology", false},
		{"sources/sourcetest", "github.com/aws/aws-sdk-go-v2/service/rds", false},
		{"sinks/report", "parallax/sources/settlement", false},
		{"sinks/report", "parallax/sinks/store", false},
		{"schedules", "github.com/robfig/cron/v3", true},
		{"internal/app", "github.com/robfig/cron/v3", false},
		{"internal/app", "github.com/apache/arrow/go/v17/parquet", false},
		{"internal/lab/buckets", "parallax/internal/audit", false},
		{"internal/lab", "parallax/internal/lab/aurora", true},
		{"cmd/parallax", "parallax/sources/aurora", false},
	} {
		r, known := ruleFor(c.pkg)
		if !known {
			t.Errorf("%s stands under no rule", c.pkg)
		}
		if got := r.breach(c.pkg, c.imported) == ""; got != c.allowed {
			t.Errorf("%s importing %s: allowed is %v, want %v", c.pkg, c.imported, got, c.allowed)
		}
	}
	for _, name := range []string{"internal/util", "internal/auditor", "cmd/other"} {
		if r, known := ruleFor(name); known {
			t.Errorf("%s stands under the rule for %s, want under none", name, r.name)
		}
	}
}

// TestProgramHoldsNoTestSupport keeps packages for tests, which all import testing, out of what is shipped.
func TestProgramHoldsNoTestSupport(t *testing.T) {
	t.Parallel()
	for _, p := range goList(t, "-deps", "./cmd/parallax") {
		if strings.HasPrefix(p.ImportPath, module+"/") && slices.Contains(p.Imports, "testing") {
			t.Errorf("the program holds %s, which is for tests", p.ImportPath)
		}
	}
	for _, name := range []string{"internal/golden", "sources/sourcetest"} {
		if p := goList(t, "./"+name); !slices.Contains(p[0].Imports, "testing") {
			t.Errorf("%s is not for tests", name)
		}
	}
}

// TestGivenDependenciesDoWork wants each dependency that was asked for to be imported by code of the product: by a package
// the program itself is built from, not by a test and not by the lab.
func TestGivenDependenciesDoWork(t *testing.T) {
	t.Parallel()
	given := []string{
		"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams",
		"github.com/aws/aws-sdk-go-v2/service/s3",
		"github.com/aws/aws-sdk-go-v2/service/rds",
		"github.com/jackc/pgx/v5",
		"github.com/apache/arrow/go/v17",
		"github.com/robfig/cron/v3",
		"go.uber.org/zap",
	}
	users := map[string][]string{}
	for _, p := range goList(t, "-deps", "./cmd/parallax") {
		name, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if !ours || covers("internal/lab/...", name) {
			continue
		}
		for _, imported := range p.Imports {
			i := slices.IndexFunc(given, func(g string) bool { return imported == g || strings.HasPrefix(imported, g+"/") })
			if i >= 0 && !slices.Contains(users[given[i]], name) {
				users[given[i]] = append(users[given[i]], name)
			}
		}
	}
	for _, g := range given {
		if len(users[g]) == 0 {
			t.Errorf("%s is used by nothing in the program", g)
		}
		t.Logf("%s: %s", g, strings.Join(users[g], ", "))
	}
}
