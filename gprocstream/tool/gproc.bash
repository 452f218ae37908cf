# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of gproc(1) for bash, with or without the package bash-completion.

# What can stand where a program is named, and then what that program takes.
_gproc_program ()
{
  local start=$1

  if declare -F _command_offset >/dev/null; then
    _command_offset "$start"
  elif ((COMP_CWORD == start)); then
    mapfile -t COMPREPLY < <(compgen -c -- "$2")
  else
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$2")
  fi
}

_gproc_options ()
{
  case $1 in
    run) echo --pty --record --timeout --help ;;
    pipe) echo --no-progress --pipefail --help ;;
    serve) echo --listen --max --grace --help ;;
    exec) echo --host --pty --env --workdir --user --help ;;
  esac
}

# Where an address or a path is half written, bash has cut it into words at the colons.
_gproc_address ()
{
  local current=$1 prefix

  case $current in
    unix:*)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${current#unix:}")
      [[ $COMP_WORDBREAKS == *:* ]] || COMPREPLY=("${COMPREPLY[@]/#/unix:}")
      ;;
    tcp:*)
      compopt -o nospace
      prefix=tcp:
      [[ $COMP_WORDBREAKS != *:* ]] || prefix=
      mapfile -t COMPREPLY < <(compgen -W "127.0.0.1: [::1]:" -P "$prefix" -- "${current#tcp:}")
      ;;
    *)
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -W "unix: tcp:" -- "$current")
      ;;
  esac
}

_gproc ()
{
  local current=$2 command=${COMP_WORDS[1]-} line word i=2 option=

  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "run pipe serve exec --help --version" -- "$current")
    return
  fi

  # Where the programs begin: behind "--", or with the first word that is no option.
  while ((i < COMP_CWORD)); do
    word=${COMP_WORDS[i]}
    case $word in
      --)
        i=$((i + 1))
        break
        ;;
      --listen | -l)
        # The words of what follows: =, unix, :, PATH.
        option=listen
        ;;
      --timeout | --max | --grace | --host | --env | --workdir | --user | -[tmgHewu])
        option=number
        ;;
      --record | -r)
        option=file
        ;;
      -*)
        option=
        ;;
      = | :) ;;
      *)
        # The value of an option, or a piece of it that stands behind a colon or "=".
        if [[ -z $option && ${COMP_WORDS[i - 1]} != [:=] ]]; then
          break
        fi
        [[ $option != number && $option != file ]] || option=
        [[ $option != listen || ${COMP_WORDS[i + 1]-} == : ]] || option=
        ;;
    esac
    i=$((i + 1))
  done

  if ((i >= COMP_CWORD)) && [[ ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
    if [[ $option == listen ]]; then
      # From behind the option and its "=" up to the cursor.
      line=${COMP_LINE:0:COMP_POINT}
      line=${line##*[[:space:]]}
      _gproc_address "${line#--listen=}"
      return
    fi
    if [[ $option == number ]]; then
      return
    fi
    if [[ $option == file ]]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${current#=}")
      return
    fi
    if [[ $current == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$(_gproc_options "$command")" -- "$current")
      return
    fi
  fi

  # What is in the container is not known here.
  if [[ $command == exec ]]; then
    return
  fi

  # In a pipe it is the last of the programs that is being written.
  if [[ $command == pipe ]]; then
    for ((word = i; word < COMP_CWORD; word++)); do
      [[ ${COMP_WORDS[word]} != :: ]] || i=$((word + 1))
    done
  fi
  _gproc_program "$i" "$current"
}

complete -F _gproc gproc
