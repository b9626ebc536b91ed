import { type AnyCommand, defineCommand } from '../command.ts';

const BASH = `_klab() {
  local cur words found
  cur="\${COMP_WORDS[COMP_CWORD]}"
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  found="$(klab __complete -- "\${words[@]}" 2>/dev/null)"
  COMPREPLY=()
  case "$found" in
    :files) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null ;;
    :folders) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null ;;
    ?*) mapfile -t COMPREPLY <<<"$found" ;;
  esac
}
complete -F _klab klab
`;

const ZSH = `#compdef klab
_klab() {
  local found
  found="$(klab __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"
  case "$found" in
    :files) _files ;;
    :folders) _files -/ ;;
    ?*) compadd -- "\${(@f)found}" ;;
  esac
}
if [ "$funcstack[1]" = "_klab" ]; then _klab "$@"; else compdef _klab klab; fi
`;

const FISH = `function __klab_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (klab __complete -- $words[2..-1] 2>/dev/null)
    switch "$found[1]"
        case ':files'
            __fish_complete_path (commandline -ct)
        case ':folders'
            __fish_complete_directories (commandline -ct)
        case '*'
            printf '%s\\n' $found
    end
end
complete -c klab -f -a '(__klab_complete)'
`;

const shell = (name: string, script: string, install: string): AnyCommand =>
  defineCommand<Record<never, never>>({
    path: `completion ${name}`,
    summary: `Print the completion script for ${name}`,
    examples: [{ command: install, help: 'load it in every new shell' }],
    flags: {},
    run: async ({ io }) => {
      io.stdout.write(script);
      return undefined;
    },
  });

export const completionBash = shell('bash', BASH, "echo 'source <(klab completion bash)' >> ~/.bashrc");
export const completionZsh = shell('zsh', ZSH, "echo 'source <(klab completion zsh)' >> ~/.zshrc");
export const completionFish = shell('fish', FISH, 'klab completion fish > ~/.config/fish/completions/klab.fish');
