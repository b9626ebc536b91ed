//go:build tools

// Package tools names the commands this part builds, so that `go mod tidy` keeps their dependencies.
package tools

import (
	_ "github.com/coredns/coredns"
)
